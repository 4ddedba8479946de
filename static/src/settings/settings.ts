// Every setting of a run, declared once: its place in the configuration, its name in the address, its words, its limits.
// The form, the address and the comparison of runs are all made from this table.
import type { Config } from "../protocol";
import { mechanismWord, parseMechanism } from "./mechanism";
import { fault, readNumber, written } from "./numbers";

export type Group = "data" | "privacy" | "training" | "mechanism" | "advanced";

export interface Setting {
  key: string; // its name in the address after #
  path: keyof Config;
  group: Group;
  label: string;
  why: string; // behind the "?" of its line
  kind: "number" | "choice" | "switch" | "mechanism"; // a mechanism is read and written as one word
  min?: number;
  max?: number;
  whole?: boolean;
  optional?: boolean; // may be empty
  choices?: [value: string, label: string][]; // a choice's; the model's depend on the dataset
}

export const settings: Setting[] = [
  {
    key: "model", path: "model", group: "data", label: "Model", kind: "choice",
    why: "The network that learns. Larger ones learn more and take longer.",
  },
  {
    key: "epsilon", path: "epsilon", group: "privacy", label: "Epsilon (ε)", kind: "number", min: 0.01, max: 1000,
    why: "The privacy budget of the whole run: no outcome becomes more than e to the ε times as likely by any one record. Smaller is more private: up to 1 is strong, up to 10 usual (Ponomareva et al. 2023, arXiv:2303.00654).",
  },
  {
    key: "delta", path: "delta", group: "privacy", label: "Delta (δ)", kind: "number", min: 1e-15, max: 0.5,
    why: "The chance that the promise fails. Keep it well below one over the number of records.",
  },
  {
    key: "audit", path: "audit", group: "privacy", label: "Attack this run", kind: "switch",
    why: "Plants 2,000 canaries among the records, half of them by a coin, and lets an attacker guess which. Neither the model nor epsilon changes. Steinke et al. 2023, arXiv:2305.08846.",
  },
  {
    key: "epochs", path: "epochs", group: "training", label: "Epochs", kind: "number", min: 0.01, max: 10000,
    why: "Passes over the data. More passes learn more, and need more noise in each step.",
  },
  {
    key: "batch", path: "batchSize", group: "training", label: "Batch size", kind: "number", min: 1, max: 1e9, whole: true,
    why: "Records expected in a step; each is drawn at random, by itself. Larger batches drown the noise.",
  },
  {
    key: "clip", path: "clipNorm", group: "training", label: "Clip norm", kind: "number", min: 1e-6, max: 1e6,
    why: "The most that one record may pull on the model in one step. Abadi et al. 2016, arXiv:1607.00133.",
  },
  {
    key: "rate", path: "learningRate", group: "training", label: "Learning rate", kind: "number", min: 1e-9, max: 1e3,
    why: "How far a step moves the model. Free of cost to privacy, unless tuned on private results.",
  },
  {
    key: "mechanism", path: "mechanism", group: "mechanism", label: "Mechanism", kind: "mechanism",
    why: "How gradients are clipped, noised and filtered.",
  },
  {
    key: "optimizer", path: "optimizer", group: "advanced", label: "Optimiser", kind: "choice",
    why: "What is made of a noised gradient. Free of cost to privacy.",
    choices: [["sgd", "SGD"], ["adam", "Adam"]],
  },
  {
    key: "momentum", path: "momentum", group: "advanced", label: "Momentum", kind: "number", min: 0, max: 0.9999,
    why: "How much of the last step SGD carries on, from 0 to below 1.",
  },
  {
    key: "schedule", path: "schedule", group: "advanced", label: "Rate schedule", kind: "choice",
    why: "How the learning rate falls during the run.",
    choices: [["constant", "Constant"], ["cosine", "Cosine, to zero"], ["step", "In steps"]],
  },
  {
    key: "workers", path: "workers", group: "advanced", label: "Workers", kind: "number", min: 0, max: 64, whole: true,
    why: "Processors to compute with; 0 means all. It changes the speed, never the privacy.",
  },
  {
    key: "diagnostics", path: "diagnostics", group: "advanced", label: "Diagnostics", kind: "switch",
    why: "Shows raw figures of your records (training loss, batch sizes). The run is then not private.",
  },
  {
    key: "nonprivate", path: "nonPrivate", group: "advanced", label: "Train without privacy", kind: "switch",
    why: "No clipping, no noise: for comparison. The run is then not private.",
  },
  {
    key: "seed", path: "seed", group: "advanced", label: "Seed", kind: "number", min: 0, max: Number.MAX_SAFE_INTEGER, whole: true,
    optional: true,
    why: "Makes a run repeatable. Who knows the seed can remove the noise: the run is then not private.",
  },
];

const modelTitles: Record<string, string> = {
  logistic: "Logistic regression",
  mlp: "Two dense layers",
  "mnist-cnn": "Small convolutional",
  "cifar-cnn": "Larger convolutional",
  "spectrogram-cnn": "Spectrogram network",
};

/** "mnist-cnn-tanh" -> "Small convolutional, tanh". */
export function modelTitle(name: string): string {
  const plain = name.replace(/-tanh$/, "");
  return (modelTitles[plain] ?? plain) + (plain === name ? "" : ", tanh");
}

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
