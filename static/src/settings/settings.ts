// Every setting of a run: its place in the configuration, its name in the address, its words, its limits. They are stated
// in train/settings.go; the form, the address and the comparison of runs are all made from that table.
import type { Config, Setting as Told } from "../protocol";
import { mechanismWord, parseMechanism } from "./mechanism";
import { fault, readNumber, written } from "./numbers";
import table from "./table.json";

export interface Setting extends Pick<Told, "key" | "kind" | "label" | "why" | "paper"> {
  path: keyof Config;
  group: "data" | "privacy" | "training" | "mechanism" | "advanced";
  min?: number;
  max?: number;
  whole?: boolean;
  optional?: boolean; // may be empty
  choices?: [value: string, label: string][]; // a choice's; the model's depend on the dataset
}

export const settings: Setting[] = (table as Told[]).map(({ field, group, min, max, choices, ...told }) => ({
  ...told,
  path: field as keyof Config,
  group: group === "model" ? "data" : ["workers", "accuracy"].includes(told.key) ? "advanced" : group,
  min: told.kind === "number" ? min : undefined,
  max: told.kind === "number" ? max : undefined,
  choices: choices?.map(({ value, label }) => [value, label]),
}));

const models = new Map(settings.find((s) => s.key === "model")!.choices);

/** "mnist-cnn-tanh" -> "Small convolutional, tanh". */
export const modelTitle = (name: string): string => models.get(name)?.replace(" network", "") ?? name;

/** What a run is when nothing else is said; a dataset's presets replace it. */
export const fallback: Config = {
  model: "mnist-cnn", epsilon: 3, delta: 1e-5, epochs: 5, batchSize: 256, mechanism: { name: "fixed" }, clipNorm: 1,
  optimizer: "sgd", learningRate: 0.1, momentum: 0.9, schedule: "cosine", workers: 0,
};

export type Plain = string | number | boolean | undefined;

export function read(config: Config, { path }: Setting): Plain {
  return path === "mechanism" ? mechanismWord(config.mechanism) : (config[path] as Plain);
}

/** The configuration with one setting replaced; undefined and false leave it out. */
export function write(config: Config, { path }: Setting, value: Plain): Config {
  if (path === "mechanism") return { ...config, mechanism: parseMechanism(String(value)) };
  const { [path]: _, ...others } = config;
  return (value === undefined || value === false ? others : { ...config, [path]: value }) as Config;
}

/** Whether two configurations agree in a setting. */
export function same(a: Config, b: Config, setting: Setting): boolean {
  return (read(a, setting) || 0) === (read(b, setting) || 0);
}

/** A setting as its field shows it. */
export function shown(config: Config, setting: Setting): string {
  const value = read(config, setting);
  if (setting.kind === "switch") return value ? "1" : "0";
  if (setting.kind === "number" && value === undefined && !setting.optional) return "0"; // left out of the configuration
  return typeof value === "number" ? written(value) : String(value ?? "");
}

/** What a text means for a setting, or what is wrong with it. A choice takes one of those it has. */
export function understand(setting: Setting, text: string, choices = setting.choices): { value: Plain } | { words: string } {
  const { kind, label, optional } = setting;
  if (kind === "mechanism") return { value: text };
  if (kind === "switch") return ["0", "1", ""].includes(text) ? { value: text === "1" } : { words: `${label} is either 1 (on) or 0 (off), not “${text}”.` };
  if (kind === "choice") return !choices || choices.some(([value]) => value === text) ? { value: text } : { words: `${label}: there is none called “${text}”.` };
  const reading = readNumber(label, text, optional);
  if ("words" in reading || reading.value === undefined) return reading;
  const words = fault(setting, reading.value);
  return words ? { words } : reading;
}

/** Why a run with this configuration is not private; empty when it is. */
export function notPrivate(config: Config): string[] {
  const reasons = [];
  if (config.nonPrivate) reasons.push("it trains without clipping and noise");
  if (config.diagnostics) reasons.push("diagnostics show raw figures of the records");
  if (config.seed !== undefined) reasons.push("whoever knows the seed can remove the noise");
  return reasons;
}
