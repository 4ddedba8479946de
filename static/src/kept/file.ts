// A run as a file of this browser: a magic whose last byte is the version, the length of what is told of the run as a
// little-endian uint32, that as JSON, and the checkpoint to go on from. It holds what may be shown: no raw figures of a run
// with diagnostics, no records, no ledger's total, which would be old.
import type { Run } from "../state/run";

const magic = "CLKEPT\0\x01";
const head = magic.length + 4;
const maxTold = 2 ** 24;

/** What cannot be JSON is written as an object of its own. */
const special = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/** The parts of the file: who writes it puts them together, in a thread where that disturbs nobody. */
export function encodeRun(run: Run, checkpoint: Blob | Uint8Array | undefined): BlobPart[] {
  const { id, ledger, steps, checkpoint: _, stored, elsewhere, saved, ...kept } = run;
  const told = {
    ...kept,
    dataset: { ...kept.dataset, samples: [], presets: [], replay: undefined },
    last: kept.last && { ...kept.last, curve: undefined, seconds: undefined, trainLoss: undefined, batch: undefined, idle: undefined },
    epochs: kept.epochs.map((epoch) => ({ ...epoch, predictions: [] })),
  };
  const text = new TextEncoder().encode(JSON.stringify(told, (_, value) => (typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value)));
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, text.length, true);
  return [magic, length, text, ...(checkpoint ? [checkpoint as BlobPart] : [])];
}

/** The run that a file tells of, without its checkpoint; an Error says what is wrong with it. */
export async function decodeRun(file: Blob): Promise<{ run: Omit<Run, "id">; checkpoint: Blob }> {
  const start = new Uint8Array(await file.slice(0, head).arrayBuffer());
  if (start.length < head || new TextDecoder().decode(start.subarray(0, magic.length)) !== magic) throw new Error("it is no run of this version");
  const length = new DataView(start.buffer).getUint32(magic.length, true);
  if (length > maxTold || head + length > file.size) throw new Error("it is cut short");
  const told = JSON.parse(await file.slice(head, head + length).text(), (_, value) => (typeof value?.number === "string" && Object.keys(value).length === 1 ? special[value.number as keyof typeof special] : value));
  if (typeof told?.key !== "string" || typeof told.config?.model !== "string" || !Array.isArray(told.epochs) || !Array.isArray(told.spending) || !told.dataset) throw new Error("it tells of no run");
  return { run: { ...told, steps: [] }, checkpoint: file.slice(head + length) };
}
