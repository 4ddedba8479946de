// What the page and the worker that computes fixed features say to each other.

import type { Positions, Values } from "./encoder";

/** What a worker runs. */
export interface Program {
  module: WebAssembly.Module; // the Go program
  compute: string; // text of the compute workers' script
}

/** A dataset whose features are wanted. */
export interface Order {
  url?: string; // absolute address of a packed dataset's folder; neither it nor files: the built-in digits
  files?: Packed[]; // a packed dataset of the person's own
  mirrored: boolean;
  keep: boolean; // in the origin's private files, and take what is there
  encoder?: Brought; // instead of the map
}

/** A person's own encoder, and what they say of it. */
export interface Brought {
  file: string; // its name
  blob: Blob;
  trainedOn: string;
  values: Values;
  positions: Positions;
  script: string; // absolute addresses: of the script of the workers that run it,
  runtime: string; // and of what runs it there
}

export interface Packed {
  name: string;
  blob: Blob;
}

/** features.Progress, in Go. */
export interface Progress {
  making: boolean; // the map, or the encoder ready; otherwise the records' features
  done: number; // share
  records: number;
  total: number;
}

export interface Made {
  files: Packed[];
  kept: boolean;
  fingerprint: string; // of the map, or of the encoder with all that is said of it
}

/** What a page that shows how a map works asks, one after the other: question in wasm/features. The map is that of the built-in digits. */
export type Question =
  | { kind: "pictures"; colour: boolean; first: number; count: number }
  | { kind: "digits" }
  | { kind: "dictionary" }
  | { kind: "record"; pixels: number[] };

/** The first message is an order or says that questions follow. */
export type Task = Program & ({ order: Order } | { view: true });

export type Answer =
  | { type: "progress"; progress: Progress }
  | ({ type: "done" } & Made)
  | { type: "shown"; facts: unknown; arrays: Uint8Array[] }
  | { type: "failed"; message: string };
