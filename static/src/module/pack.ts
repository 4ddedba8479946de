// Packs records that are in arrays as package data does: a manifest and shards, each a frame around MessagePack. The trainer checks
// every byte of it; what is refused here is what it could not tell as well.
import type { File as Packed } from "../protocol.js";
import type { Arrays } from "./data.js";

const shardBytes = (4 << 20) - 4096; // data.MaxShardBytes, with room for the frame

interface Shard {
  split: string;
  file: string;
  records: number;
  bytes: number;
  sha256: Uint8Array;
}

export async function pack(arrays: Arrays): Promise<Packed[]> {
  const { shape, classes, test } = arrays;
  const size = shape.reduce((a, b) => a * b, 1);
  const float = arrays.values instanceof Float32Array;
  if (test && test.values instanceof Float32Array !== float) throw new TypeError("the values to train on and to test on must be of one type");
  if (size * arrays.values.BYTES_PER_ELEMENT > 1 << 20) throw new RangeError(`a record of ${size} values is larger than the 1 MiB that fit`);
  const files: Packed[] = [];
  const shards: Shard[] = [];
  const counts: Record<string, number> = {};
  for (const [split, records] of [["train", arrays], ["test", test]] as const) {
    if (!records) continue;
    counts[split] = check(split, records, size, classes.length);
    const perShard = Math.floor(shardBytes / (size * records.values.BYTES_PER_ELEMENT + 1));
    for (let first = 0; first < counts[split]; first += perShard) {
      const last = Math.min(first + perShard, counts[split]);
      const { buffer, byteOffset, byteLength } = records.values.slice(first * size, last * size);
      const labels = Uint8Array.from({ length: last - first }, (_, i) => records.labels[first + i]);
      const file = framed("S", encoded({ values: new Uint8Array(buffer, byteOffset, byteLength), labels, persons: [] }));
      const name = `${split}-${String(shards.length).padStart(3, "0")}.blob`;
      files.push({ name, blob: new Blob([file as BlobPart]) });
      shards.push({ split, file: name, records: last - first, bytes: file.length, sha256: await sha256(file) });
    }
  }
  const each = (stated: number[] | undefined, usual: number) => Float32Array.from(stated ?? Array<number>(shape[0]).fill(usual));
  const manifest = {
    name: "arrays",
    title: arrays.title ?? "Own records",
    kind: "image",
    type: float ? "float32" : "uint8",
    channels: shape[0], height: shape[1], width: shape[2],
    classes,
    train: counts.train, test: counts.test ?? 0,
    unit: "record", trainPersons: 0, testPersons: 0,
    mean: each(arrays.mean, float ? 0 : 0.5), std: each(arrays.std, float ? 1 : 0.5),
    columns: [],
    origins: [{ what: "classes", from: "stated" }, { what: "normalisation", from: arrays.mean ? "stated" : "fixed" }],
    testPublic: test?.public ?? false,
    provenance: "Handed over as arrays",
    shards,
  };
  return [...files, { name: "manifest.blob", blob: new Blob([framed("M", encoded(manifest)) as BlobPart]) }];
}

/** How many records there are. */
function check(split: string, { values, labels }: Pick<Arrays, "values" | "labels">, size: number, classes: number): number {
  if (!(size >= 1) || values.length !== labels.length * size) {
    throw new RangeError(`${split}: ${values.length} values are not ${labels.length} records of ${size} values`);
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) throw new RangeError(`${split}: label ${i} is ${label}, want a whole number from 0 to ${classes - 1}`);
  }
  return labels.length;
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  if (!globalThis.crypto?.subtle) throw new Error("records in arrays need a secure page (https, or localhost), whose browser computes checksums");
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
}

function framed(kind: "M" | "S", payload: Uint8Array): Uint8Array {
  const file = new Uint8Array(16 + payload.length);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode(`CLDATA${kind}\x02`));
  view.setUint32(8, payload.length, true);
  view.setUint32(12, crc32(payload), true);
  file.set(payload, 16);
  return file;
}

/** CRC-32 (IEEE 802.3), as zip has it. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
}

const crcTable = Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

type Value = string | boolean | number | Uint8Array | Float32Array | readonly Value[] | { readonly [key: string]: Value };

/** MessagePack, of what a manifest and a shard hold: every number is whole, but for lists of float32. */
function encoded(value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  const head = (code: number, bytes: number, n: number) => {
    const part = new Uint8Array(1 + bytes);
    part[0] = code;
    for (let i = bytes; i > 0; i--, n = Math.floor(n / 256)) part[i] = n % 256;
    parts.push(part);
  };
  const write = (value: Value): void => {
    if (typeof value === "string") {
      const text = new TextEncoder().encode(value);
      head(0xdb, 4, text.length);
      parts.push(text);
    } else if (typeof value === "boolean") head(value ? 0xc3 : 0xc2, 0, 0);
    else if (typeof value === "number") head(0xce, 4, value);
    else if (value instanceof Uint8Array) {
      head(0xc6, 4, value.length);
      parts.push(value);
    } else if (value instanceof Float32Array) {
      head(0xdd, 4, value.length);
      for (const x of value) {
        const part = new DataView(new ArrayBuffer(5));
        part.setUint8(0, 0xca);
        part.setFloat32(1, x);
        parts.push(new Uint8Array(part.buffer));
      }
    } else if (Array.isArray(value)) {
      head(0xdd, 4, value.length);
      value.forEach(write);
    } else {
      const entries = Object.entries(value);
      head(0xdf, 4, entries.length);
      for (const [key, of] of entries) {
        write(key);
        write(of);
      }
    }
  };
  write(value as Value);
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
