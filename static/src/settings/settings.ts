// Every setting of a run, declared once: its place in the configuration, its name in the address, its words, its limits.
// The form, the address and the comparison of runs are all made from this table.
import { mechanismWord, parseMechanism } from "./mechanism";
import type { Config } from "../protocol";

export type Group = "model" | "privacy" | "training" | "mechanism" | "advanced";

export interface Setting {
  key: string; // its name in the address after #
  path: keyof Config;
  group: Group;
  label: string;
  why: string; // one line for the person at the page
  kind: "number" | "choice" | "switch" | "mechanism"; // a mechanism is read and written as one word
  min?: number;
  max?: number;
  whole?: boolean;
  optional?: boolean; // may be empty
  choices?: [value: string, label: string][]; // a choice's; the model's depend on the dataset
}

export const settings: Setting[] = [
  {
    key: "model", path: "model", group: "model", label: "Model", kind: "choice",
    why: "The network that learns. Larger ones learn more and take longer.",
  },
  {
    key: "epsilon", path: "epsilon", group: "privacy", label: "Epsilon (ε)", kind: "number", min: 0.01, max: 1000,
    why: "The privacy budget of the whole run. Smaller is more private; 1 to 8 is usual.",
  },
  {
    key: "delta", path: "delta", group: "privacy", label: "Delta (δ)", kind: "number", min: 1e-15, max: 0.5,
    why: "The chance that the promise fails. Keep it well below one over the number of records.",
  },
  {
    key: "audit", path: "audit", group: "privacy", label: "Attack this run", kind: "switch",
    why: "Plants 2,000 canaries among the records, half of them by a coin, and lets an attacker guess which. Neither the model nor epsilon changes.",
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
    why: "The most that one record may pull on the model in one step.",
  },
  {
    key: "rate", path: "learningRate", group: "training", label: "Learning rate", kind: "number", min: 1e-9, max: 1e3,
    why: "How far a step moves the model.",
  },
  {
    key: "workers", path: "workers", group: "training", label: "Workers", kind: "number", min: 0, max: 64, whole: true,
    why: "Processors to compute with; 0 means all. It changes the speed, never the privacy.",
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
  "mnist-cnn": "Small convolutional network",
  "cifar-cnn": "Larger convolutional network",
  "spectrogram-cnn": "Convolutional network for spectrograms",
};

/** "mnist-cnn-tanh" -> "Small convolutional network, tanh". */
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

/** What is wrong with a number, in words for its reader; undefined when nothing is. */
export function fault(setting: Setting, value: number): string | undefined {
  const { label, min = -Infinity, max = Infinity } = setting;
  if (!Number.isFinite(value)) return `${label} needs a number.`;
  if (value < min) return `${label} must be at least ${min}.`;
  if (value > max) return `${label} must be at most ${max}.`;
  if (setting.whole && !Number.isInteger(value)) return `${label} must be a whole number.`;
  return undefined;
}

/** Why a run with this configuration is not private; empty when it is. */
export function notPrivate(config: Config): string[] {
  const reasons = [];
  if (config.nonPrivate) reasons.push("it trains without clipping and noise");
  if (config.diagnostics) reasons.push("diagnostics show raw figures of the records");
  if (config.seed !== undefined) reasons.push("whoever knows the seed can remove the noise");
  return reasons;
}
