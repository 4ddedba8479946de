// What a person hands over to train on, as the trainer takes it.
import { splitKey } from "../owndata/key.js";
import type { Settings } from "../owndata/messages.js";
import { Reader } from "../owndata/reader.js";
import type { File as Packed, Source } from "../protocol.js";
import { pack } from "./pack.js";

/** Records in arrays. What is not a record is public: state it, and compute none of it from private ones. */
export interface Arrays {
  /** Record after record: each channel by channel, row by row. */
  values: Uint8Array | Float32Array;
  /** Of each record, from 0. */
  labels: ArrayLike<number>;
  /** Values of a record: channels, rows, columns. */
  shape: [channels: number, rows: number, columns: number];
  /** Names of the labels. */
  classes: string[];
  /** Of each channel: the network sees (value - mean) / std, of bytes (value / 255 - mean) / std. 0.5 and 0.5 of bytes, 0 and 1 of floats. */
  mean?: number[];
  std?: number[];
  /** Records to try the model on. Unless they are public, what is told of them is noised and charged. */
  test?: { values: Uint8Array | Float32Array; labels: ArrayLike<number>; public?: boolean };
  title?: string;
  /** Whose ledger the records share; "Own data" where none is named. */
  collection?: string;
}

/** A packed dataset in memory: its manifest and shards, by their plain names. */
export interface PackedBlobs {
  packed: Packed[];
  collection?: string;
}

/** Pictures, CSV tables, recordings, ZIPs of them: read in the tab, by a program that is loaded for it. What is not stated is proposed. */
export interface Files {
  files: File[];
  /** What is public of them, as the training page asks for it. */
  settings?: Partial<Settings>;
  collection?: string;
}

/** "digits", generated in the tab; a URL of the folder of a packed dataset; or one of the above. */
export type Data = "digits" | URL | Arrays | PackedBlobs | Files;

/** Packs what must be packed. @internal */
export async function sourceOf(data: Data, signal?: AbortSignal): Promise<Source> {
  if (data === "digits") return { kind: "digits" };
  if (data instanceof URL) return { kind: "url", url: folder(data) };
  const { collection } = data;
  if ("packed" in data) return { kind: "own", files: data.packed, collection };
  if ("files" in data) return { kind: "own", files: await read(data, signal), collection };
  return { kind: "own", files: await pack(data), collection };
}

const folder = ({ href }: URL): string => (href.endsWith("/") ? href : `${href}/`);

async function read({ files, settings }: Files, signal?: AbortSignal): Promise<Packed[]> {
  const reader = new Reader();
  signal?.addEventListener("abort", () => reader.cancel(), { once: true });
  reader.drop(files.map((file) => ({ name: file.webkitRelativePath || file.name, file })));
  const stated: Settings = { name: "own", title: "", heldOut: 0.2, key: splitKey(), columns: {}, ...settings };
  try {
    return (await reader.read(stated, () => {})).packing.files;
  } finally {
    reader.cancel();
  }
}
