// Numbers as people type them: with a point or a comma, never guessed at.

export type Reading = { value: number | undefined } | { words: string };

/** Reads one number. A comma that could mean thousands or tenths is refused in words. */
export function readNumber(label: string, text: string, optional = false): Reading {
  const typed = text.trim().replace(/−/g, "-");
  if (typed === "") return optional ? { value: undefined } : { words: `${label} needs a number.` };
  if (/^[-+]?[1-9]\d{0,2}(,\d{3})+$/.test(typed)) {
    const [thousands, tenths] = [typed.replaceAll(",", ""), typed.replace(",", ".")];
    const or = typed.split(",").length === 2 ? ` or ${Number(tenths)}` : "";
    return { words: `${label}: is ${typed} ${thousands}${or}? Write it without a comma.` };
  }
  const value = Number(typed.replace(/^([-+]?\d*),(\d+)(e[-+]?\d+)?$/i, "$1.$2$3"));
  if (!/\d/.test(typed) || /^[-+]?0[xob]/i.test(typed) || !Number.isFinite(value)) return { words: `${label}: “${typed}” is not a number.` };
  return { value };
}

export interface Limits {
  label: string;
  min?: number;
  max?: number;
  whole?: boolean;
}

/** What is wrong with a number, in words for its reader; undefined when nothing is. */
export function fault({ label, min = -Infinity, max = Infinity, whole }: Limits, value: number): string | undefined {
  if (!Number.isFinite(value)) return `${label} needs a number.`;
  if (value < min) return `${label} must be at least ${written(min)}.`;
  if (value > max) return `${label} must be at most ${written(max)}.`;
  if (whole && !Number.isInteger(value)) return `${label} must be a whole number.`;
  return undefined;
}

/** A number as a field shows it. */
export function written(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
