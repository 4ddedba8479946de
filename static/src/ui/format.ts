// How figures are written for people. Every kind of bound has one form, with its direction of rounding built in: what is
// printed, read back, never claims more than what was proven. The kinds are those of accountant/figures.go, and both are
// held to the same accountant/testdata/figures.csv.

interface Rule {
  digits?: number; // significant; as many as it takes where there is no number
  down?: boolean; // a lower bound
  zeros?: boolean; // kept at the end
  most?: number;
  shift?: number; // powers of ten by which what is printed exceeds the value
  suffix?: string;
}

/** An upper bound on epsilon, alone: 2.9996 -> "3.00". */
export const epsilon = written({ digits: 3, zeros: true });

/** The same beside a lower bound: 86.2251 -> "86.226". */
export const epsilonUpper = written({ digits: 5, zeros: true });

/** A lower bound on epsilon: 86.2251 -> "86.225". */
export const epsilonLower = written({ digits: 5, zeros: true, down: true });

/** An upper bound on delta: 1.00049e-5 -> "1.001e-5". */
export const delta = written({ digits: 4, most: 1 });

/** A lower bound on delta. */
export const deltaLower = written({ digits: 4, down: true });

/** An upper bound on a probability: 0.197413 -> "0.1975". */
export const probability = written({ digits: 4, most: 1 });

/** The same in per cent: 0.197413 -> "19.8 %". */
export const percentage = written({ digits: 3, most: 1, shift: 2, suffix: " %" });

/** A noise multiplier that suffices: 0.650726 -> "0.65073". */
export const noise = written({ digits: 5 });

/** What a person stated, in as many digits as tell it from every other number. */
export const given = written({});

function written({ digits, down = false, zeros = false, most = Number.MAX_VALUE, shift = 0, suffix = "" }: Rule): (value: number) => string {
  return (value) => {
    if (down && value === Infinity) return "infinity";
    if (!(value >= 0)) return down ? "unknown" : "no bound";
    if (value === Infinity) return "no bound";
    if (value === 0) return `0${suffix}`;
    const [figures, exponent] = rounded(Math.min(value, most), digits, down);
    return placed(figures, exponent + shift, zeros) + suffix;
  };
}

// The digits d and the exponent e of d[0].d[1]d[2]... * 10^e.
function rounded(value: number, digits: number | undefined, down: boolean): [string, number] {
  const text = digits ? value.toExponential(digits - 1) : value.toExponential(); // nearest
  const [mantissa, power] = text.split("e");
  const exponent = Number(power);
  const figures = mantissa.replace(".", "");
  if (!digits) return [figures, exponent];
  const read = Number(text);
  const off = down ? (read > value ? -1 : 0) : read < value ? 1 : 0;
  const whole = String(Number(figures) + off);
  if (whole.length > digits) return [whole.slice(0, digits), exponent + 1]; // 9.99 became 10.00
  if (whole.length < digits) return [`${whole}9`, exponent - 1]; // 1.00 became 0.99: there is room for one more digit
  return [whole, exponent];
}

function placed(figures: string, exponent: number, zeros: boolean): string {
  const trim = (text: string) => (zeros || !text.includes(".") ? text : text.replace(/\.?0+$/, ""));
  if (exponent < -3 || exponent >= 6) return `${trim(`${figures[0]}.${figures.slice(1)}`).replace(/\.$/, "")}e${exponent}`;
  if (exponent < 0) return trim(`0.${"0".repeat(-exponent - 1)}${figures}`);
  if (exponent >= figures.length - 1) return figures + "0".repeat(exponent - figures.length + 1);
  return trim(`${figures.slice(0, exponent + 1)}.${figures.slice(exponent + 1)}`);
}

/** What was measured, and is no bound, to the nearest: 0.98123 -> "98.12 %". */
export function percent(fraction: number, digits = 2): string {
  return `${(100 * fraction).toFixed(digits)} %`;
}

/** 60000 -> "60,000". */
export function count(value: number): string {
  return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ","); // the first formatter of Intl takes 40 ms of a fast processor
}

/** What is no bound, to the nearest: four significant digits, without trailing zeros: 0.6507, 1e-5. */
export function figure(value: number, digits = 4): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}
