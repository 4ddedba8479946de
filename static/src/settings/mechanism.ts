// A mechanism as one word, for forms and addresses: "quantile+momentum(momentum.beta=0.8,quantile.rate=0.1)".
import type { Mechanism } from "../protocol";

export function mechanismWord({ name, params = {} }: Mechanism): string {
  const given = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  return name + (given.length ? `(${given.map(([key, value]) => `${key}=${value}`).join(",")})` : "");
}

/** What cannot be read as a parameter is left out; what is unknown, the trainer refuses. */
export function parseMechanism(word: string): Mechanism {
  const [, name, rest = ""] = /^([^(]*)(?:\((.*)\))?$/.exec(word.trim()) ?? [, "fixed"];
  const params: Record<string, number> = {};
  for (const part of rest.split(",")) {
    const [key, text] = part.split("=");
    const value = text ? Number(text) : NaN;
    if (key && Number.isFinite(value)) params[key.trim()] = value;
  }
  return Object.keys(params).length ? { name: name!, params } : { name: name! };
}
