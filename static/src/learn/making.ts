// The map that tutorial 8 shows: made by the program of features in a worker, as far as somebody has asked for it.
import type { Progress, Question } from "../features/messages";
import { View } from "../features/stage";

/** features.Patches, in Go: what of it is shown. */
export interface Patches {
  input: { C: number; H: number; W: number };
  side: number;
  atoms: number;
  grid: number;
  threshold: number;
  synthetic: { kind: string; seed: number; images: number; windows: number; rounds: number };
}

export interface Pictures {
  shape: { channels: number; height: number; width: number };
  synthetic: Patches["synthetic"];
  pixels: Uint8Array[];
}

export interface Dictionary {
  patches: Patches;
  fingerprint: string;
  order: number[]; // atoms from smooth to rough
  alike: [before: number, after: number]; // a pixel and its neighbour
  before: Float32Array[]; // windows
  after: Float32Array[];
  portraits: Float32Array[];
}

export interface Seen {
  rows: number; // of windows
  columns: number;
  responses: Float32Array[]; // of each atom, row by row
  pooled: Float32Array[]; // of each cell: atoms, and then their opposites
  vector: Uint8Array[]; // the same, whitened: a byte is (byte - 128) steps
  step: number;
}

type Tell = (p: Progress) => void;

const view = new View();
const asked = <Facts>(question: Question, tell?: Tell) => view.ask<Facts>(question, tell);

export async function pictures(colour: boolean, first: number, count: number): Promise<Pictures> {
  const { facts, arrays } = await asked<Pictures["shape"] & Pick<Pictures, "synthetic">>({ kind: "pictures", colour, first, count });
  const { synthetic, ...shape } = facts;
  return { shape, synthetic, pixels: cut(arrays[0], shape.channels * shape.height * shape.width) };
}

export async function digits(): Promise<{ labels: number[]; pixels: Uint8Array[] }> {
  const { facts, arrays } = await asked<{ labels: number[]; height: number; width: number }>({ kind: "digits" });
  return { labels: facts.labels, pixels: cut(arrays[0], facts.height * facts.width) };
}

let made: Dictionary | undefined;

export async function dictionary(tell: Tell): Promise<Dictionary> {
  if (made) return made;
  const { facts, arrays } = await asked<Omit<Dictionary, "alike"> & { alikeBefore: number; alikeAfter: number }>({ kind: "dictionary" }, tell);
  const size = facts.patches.side ** 2 * facts.patches.input.C;
  const [before, after, portraits] = arrays.map((bytes) => cut(floats(bytes), size));
  const { patches, fingerprint, order } = facts;
  return (made = { patches, fingerprint, order, alike: [facts.alikeBefore, facts.alikeAfter], before, after, portraits });
}

export async function seen(pixels: Uint8Array, tell: Tell): Promise<Seen> {
  const first = made ? 0 : 0.6; // the dictionary's share of the work
  const { patches } = await dictionary((p) => tell({ ...p, done: first * p.done }));
  const rest = (p: Progress) => tell({ ...p, done: first + (1 - first) * p.done });
  const { facts, arrays } = await asked<{ rows: number; columns: number; step: number }>({ kind: "record", pixels: [...pixels] }, rest);
  const channels = 2 * patches.atoms;
  return { ...facts, responses: cut(floats(arrays[0]), facts.rows * facts.columns), pooled: cut(floats(arrays[1]), channels), vector: cut(arrays[2], channels) };
}

const floats = (bytes: Uint8Array) => new Float32Array(bytes.slice().buffer);

function cut<A extends Uint8Array | Float32Array>(all: A, size: number): A[] {
  return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size) as A);
}
