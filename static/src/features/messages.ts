// What the page and the worker that computes fixed features say to each other.

export interface Order {
  module: WebAssembly.Module; // the Go program
  compute: string; // text of the compute workers' script
  url?: string; // absolute address of a packed dataset's folder; neither it nor files: the built-in digits
  files?: Packed[]; // a packed dataset of the person's own
  mirrored: boolean;
  keep: boolean; // in the origin's private files, and take what is there
}

export interface Packed {
  name: string;
  blob: Blob;
}

/** features.Progress, in Go. */
export interface Progress {
  making: boolean; // the map; otherwise the records' features
  done: number; // share
  records: number;
  total: number;
}

export type Answer =
  | { type: "progress"; progress: Progress }
  | { type: "done"; files: Packed[]; kept: boolean }
  | { type: "failed"; message: string };
