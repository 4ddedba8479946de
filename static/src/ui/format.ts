// How figures are written for people. Epsilon is always rounded up: what is shown is never less than what was spent.

/** 2.9996 -> "3.00", 86.225 -> "86.3", 0.00123 -> "0.0013"; rounded up. */
export const epsilon = (value: number) => rounded(value, Math.ceil, 0);

/** An upper bound to two more digits. */
export const epsilonAbove = (value: number) => rounded(value, Math.ceil, 2);

/** A lower bound to as many digits, rounded down. */
export const epsilonBelow = (value: number) => rounded(value, Math.floor, 2);

function rounded(value: number, round: (x: number) => number, more: number): string {
  if (!Number.isFinite(value)) return "∞";
  if (value <= 0) return "0";
  const digits = (value < 0.01 ? 4 : value < 10 ? 2 : value < 1000 ? 1 : 0) + more;
  const scaled = value * 10 ** digits;
  // A target of exactly 3 that arrives as 3.0000000000000004 is still 3.
  const whole = Math.abs(scaled - Math.round(scaled)) < 1e-9 * scaled ? Math.round(scaled) : round(scaled);
  return (whole / 10 ** digits).toFixed(digits);
}

/** A noise multiplier to five digits, rounded up: rounded down, it would miss its target. */
export function sigmaAbove(sigma: number): string {
  const scale = 10 ** (5 - Math.max(0, Math.ceil(Math.log10(sigma))));
  return String(Math.ceil(sigma * scale - 1e-9) / scale);
}

/** 0.98123 -> "98.12 %". */
export function percent(fraction: number, digits = 2): string {
  return `${(100 * fraction).toFixed(digits)} %`;
}

/** 60000 -> "60,000". */
export function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Four significant digits, without trailing zeros; small and large ones as powers of ten: 0.65073, 1e-5. */
export function figure(value: number, digits = 4): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

/** 75 -> "1 min 15 s". Coarse on purpose: exact times would tell the size of a batch. */
export function duration(seconds: number): string {
  if (seconds < 10) return "a few seconds";
  const whole = Math.round(seconds / 5) * 5;
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 && minutes < 10 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
