// A mechanism as one word, for forms and addresses: "quantile+momentum(momentum.beta=0.8,quantile.rate=0.1)"; its parts;
// and what is wrong with it.
import type { Mechanism, MechanismInfo, MechanismParam } from "../protocol";
import { fault } from "./numbers";

export function mechanismWord({ name, params = {} }: Mechanism): string {
  const given = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  return name + (given.length ? `(${given.map(([key, value]) => `${key}=${Number.isNaN(value) ? "" : value}`).join(",")})` : "");
}

/** What cannot be read as a number is NaN, which faults and the trainer refuse: nothing is replaced in silence. */
export function parseMechanism(word: string): Mechanism {
  const [, name, rest = ""] = /^([^(]*)(?:\((.*)\)?)?$/.exec(word.trim()) ?? [, word.trim()];
  const params: Record<string, number> = {};
  for (const part of rest.replace(/\)$/, "").split(",")) {
    if (part === "") continue;
    const [key, text = ""] = part.split("=");
    params[key.trim()] = text.trim() ? Number(text) : NaN;
  }
  return Object.keys(params).length ? { name: name || "fixed", params } : { name: name || "fixed" };
}

/** The kinds of parts, in the order in which they compose; only the first must be there. */
export const kinds: { kind: string; label: string; none: string }[] = [
  { kind: "mechanism", label: "Mechanism", none: "" },
  { kind: "noise schedule", label: "Noise over the run", none: "Constant" },
  { kind: "clip schedule", label: "Clip norm over the run", none: "Constant" },
  { kind: "filter", label: "Filter of gradients", none: "None" },
  { kind: "averaging", label: "Average of models", none: "None" },
];

/** The name of the part of each kind: "" for none, undefined where the catalogue knows none of that name. */
export function partsOf({ name }: Mechanism, catalogue: MechanismInfo[]): string[] {
  const names = name.split("+");
  return kinds.map(({ kind }, i) => names.find((n) => catalogue.some((m) => m.name === n && m.kind === kind)) ?? (i === 0 ? names[0] : ""));
}

/** A parameter's value, given or usual. */
export function paramValue({ params = {} }: Mechanism, part: string, { name, default: usual }: MechanismParam): number {
  return params[`${part}.${name}`] ?? params[name] ?? usual;
}

/** The mechanism with another part of one kind; parameters of parts that stay are kept. */
export function withPart(mechanism: Mechanism, catalogue: MechanismInfo[], kind: number, part: string): Mechanism {
  const parts = partsOf(mechanism, catalogue).with(kind, part).filter(Boolean);
  const infos = catalogue.filter((m) => parts.includes(m.name));
  const kept = infos.flatMap((m) => m.params.map((p) => [`${m.name}.${p.name}`, paramValue(mechanism, m.name, p), p.default] as const));
  return withParams(parts.join("+"), kept);
}

/** The mechanism with one parameter set. */
export function withParam(mechanism: Mechanism, catalogue: MechanismInfo[], part: string, param: string, value: number): Mechanism {
  const infos = catalogue.filter((m) => mechanism.name.split("+").includes(m.name));
  const all = infos.flatMap((m) =>
    m.params.map((p) => [`${m.name}.${p.name}`, m.name === part && p.name === param ? value : paramValue(mechanism, m.name, p), p.default] as const),
  );
  return withParams(mechanism.name, all);
}

function withParams(name: string, values: (readonly [key: string, value: number, usual: number])[]): Mechanism {
  const params = Object.fromEntries(values.flatMap(([key, value, usual]) => (value === usual ? [] : [[key, value]])));
  return Object.keys(params).length ? { name, params } : { name };
}

/** What is wrong with a mechanism, by the part (its kind's number) or the parameter ("part.param") it is wrong with. */
export function mechanismFaults({ name, params = {} }: Mechanism, catalogue: MechanismInfo[]): Map<string, string> {
  const faults = new Map<string, string>();
  if (catalogue.length === 0) return faults;
  const infos: MechanismInfo[] = [];
  for (const [i, part] of name.split("+").entries()) {
    const info = catalogue.find((m) => m.name === part);
    if (!info) faults.set("0", `unknown mechanism "${part}"`);
    else if ((info.kind === "mechanism") !== (i === 0)) faults.set("0", `"${part}" cannot stand there: one mechanism comes first, then schedules, filters and averages.`);
    else if (infos.some((m) => m.kind === info.kind)) faults.set("0", `Two parts of one kind: “${name}”.`);
    else infos.push(info);
  }
  for (const [key, value] of Object.entries(params)) {
    const owners = infos.flatMap((m) => m.params.filter((p) => key === p.name || key === `${m.name}.${p.name}`).map((p) => [m, p] as const));
    if (owners.length === 0 && faults.size === 0) faults.set("0", `“${name}” has no parameter “${key}”.`);
    for (const [m, p] of owners) {
      const words = fault({ ...p, label: sentence(p.title) }, value);
      if (words) faults.set(`${m.name}.${p.name}`, words);
    }
  }
  return faults;
}

/** A parameter's title as the beginning of a sentence, without what explains it. */
export function sentence(title: string): string {
  const short = title.replace(/[:(,].*/, "").trim();
  return short.charAt(0).toUpperCase() + short.slice(1);
}
