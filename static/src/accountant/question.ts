// What a person asks the accountant, from the fields of its page: every field is checked, and what it says becomes a
// question. Schedules are read and steps counted by the trainer; here they are only written.
import type { Segment } from "../protocol";
import { readNumber } from "../settings/numbers";
import { count, figure, given } from "../ui/format";

export type Kind = "epsilon" | "sigma";
export type By = "run" | "steps" | "schedule";

/** One stretch of a schedule as typed; noise is a multiple of the unknown where noise is what is asked. */
export interface Row {
  noise: string;
  rate: string;
  steps: string;
}

interface Field {
  label: string;
  want: string;
  ok: (value: number) => boolean;
  kind?: Kind; // asked with this kind of question alone
  by?: By[]; // and for runs described so
}

const whole = (value: number) => Number.isInteger(value) && value <= 2 ** 50;

export const fields: Record<string, Field> = {
  sigma: { label: "The noise multiplier", want: "0 or more", ok: (v) => v >= 0, kind: "epsilon", by: ["run", "steps"] },
  epsilon: { label: "Epsilon", want: "above 0", ok: (v) => v > 0, kind: "sigma" },
  delta: { label: "Delta", want: "above 0 and below 1", ok: (v) => v > 0 && v < 1 },
  records: { label: "The number of records", want: "a whole number from 1", ok: (v) => whole(v) && v >= 1, by: ["run"] },
  batch: { label: "The batch size", want: "a whole number from 1", ok: (v) => whole(v) && v >= 1, by: ["run"] },
  epochs: { label: "The number of epochs", want: "0 or more", ok: (v) => v >= 0, by: ["run"] },
  q: { label: "The sampling rate", want: "from 0 to 1", ok: (v) => v >= 0 && v <= 1, by: ["steps"] },
  steps: { label: "The number of steps", want: "a whole number, 0 or more", ok: (v) => whole(v) && v >= 0, by: ["steps"] },
};

const ofRow: Record<keyof Row, Field> = {
  noise: { ...fields.sigma, label: "The noise" },
  rate: fields.q,
  steps: fields.steps,
};

export const asks = (name: string, kind: Kind, by: By): boolean => (fields[name].kind ?? kind) === kind && (fields[name].by?.includes(by) ?? true);

/** The numbers of all fields that this question needs, or what is wrong with them. */
export function read(kind: Kind, by: By, texts: Record<string, string>): { values: Record<string, number>; faults: Record<string, string> } {
  const values: Record<string, number> = {};
  const faults: Record<string, string> = {};
  for (const name of Object.keys(fields).filter((name) => asks(name, kind, by))) {
    const found = check(fields[name], texts[name] ?? "");
    if (typeof found === "string") faults[name] = found;
    else values[name] = found;
  }
  if (values.batch > values.records) faults.batch = `The batch size must be at most ${count(values.records)}, the number of records.`;
  return { values, faults };
}

function check({ label, want, ok }: Field, text: string): number | string {
  const reading = readNumber(label, text);
  if ("words" in reading) return reading.words;
  return ok(reading.value!) ? reading.value! : `${label} must be ${want}.`;
}

/** A schedule as the accountant reads it, and what is wrong with rows by their index. */
export function writeRows(kind: Kind, rows: Row[]): { text: string; faults: Record<number, string> } {
  const faults: Record<number, string> = {};
  const parts = rows.map((row, i) => {
    const [noise, rate, steps] = (["noise", "rate", "steps"] as const).map((name) => {
      const found = check(ofRow[name], row[name]);
      if (typeof found === "string") faults[i] ??= found;
      return typeof found === "string" ? row[name] : String(found);
    });
    const unknown = Number(noise) === 1 ? "?" : `${noise}*?`;
    return `${kind === "sigma" ? unknown : noise}:${rate}:${steps}`;
  });
  return { text: parts.join("; "), faults };
}

/** A schedule that the accountant has read, as rows. */
export const toRows = (schedule: Segment[]): Row[] =>
  schedule.map(({ sigma, rate, steps }) => ({ noise: String(sigma), rate: String(rate), steps: String(steps) }));

/** The question in words, to stand beside its answer. */
export function inWords({ sigma, rate, steps, stretches, delta }: { sigma?: string; rate?: number; steps?: number; stretches: number; delta: number }): string {
  const noise = sigma === undefined ? [] : [`σ = ${sigma}`];
  const run = stretches > 1 ? [`a schedule of ${count(stretches)} stretches`] : [`q = ${figure(rate!, 5)}`, `${count(steps!)} steps`];
  return [...noise, ...run, `δ = ${given(delta)}`].join(" · ");
}
