// What the page and the worker that reads own files say to each other: data/intake/desk/messages.go has the same types.

export interface Settings {
  name: string;
  title: string;
  kind?: string;
  classes?: string[];
  heldOut: number; // share
  key: string; // base64
  labelling?: string;
  labels?: Record<string, string>; // by hand: of a file or a folder
  personLevel?: number;
  shape?: [channels: number, height: number, width: number];
  fit?: string;
  seconds?: number;
  encoding?: string;
  dialect?: Dialect;
  label?: string;
  person?: string;
  columns: Record<string, StatedColumn>;
}

export interface Dialect {
  encoding: string;
  delimiter: string;
  header: boolean;
  comma: boolean;
}

export interface StatedColumn {
  low?: number;
  high?: number;
  missing?: number;
  categories?: string[];
  out?: boolean;
}

export interface Skipped {
  file: string;
  reason: string;
}

export interface Progress {
  records: number;
  bytes: number;
  total: number;
}

export interface Look {
  kind: "image" | "table" | "audio" | "raw" | "";
  format?: string;
  files: number;
  records: number;
  classes: string[] | null;
  shape: [number, number, number];
  fit: string;
  seconds: number;
  folders: string[] | null;
  table?: { file: string; dialect: Dialect; rows: number; columns: LookedColumn[] | null; uses: Column[] | null };
  samples: Sample[] | null;
  skipped: Skipped[] | null;
  needs: string;
}

export interface LookedColumn {
  name: string;
  kind: "number" | "category" | "date" | "text" | "empty";
  missing: boolean;
  texts: string[] | null;
  many: boolean;
}

/** A column as the manifest has it (data.Column). */
export interface Column {
  Name: string;
  Low: number;
  High: number;
  Categories: string[] | null;
  Optional: boolean;
  Missing: number;
}

export interface Sample {
  file: string;
  label: string;
  pixels?: string; // base64
  floats?: number[];
}

export interface Result {
  kind: string;
  train: number;
  test: number;
  persons: number;
  shape: number[];
  classes: string[];
  perClass: number[];
  duplicates: number;
  bytes: number;
  columns: Column[] | null;
  samples: Sample[] | null;
  skipped: Skipped[] | null;
  recipe: Recipe;
}

/** How one more file or row becomes a record; the worker's own, handed back as it is. */
export interface Recipe {
  kind: string;
  columns: Column[] | null;
}

export interface Reply {
  type: "looked" | "progress" | "read" | "record" | "refused" | "failed";
  id: number;
  look?: Look;
  progress?: Progress;
  result?: Result;
  values?: string; // base64
  message?: string;
  skipped?: Skipped[];
}

export interface Dropped {
  name: string; // with slashes
  file: File;
}

export interface Packed {
  name: string;
  blob: Blob;
}

/** Bytes that came as base64. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
