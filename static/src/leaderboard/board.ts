// What the leaderboard is made of: the experiments' figures, as the build read them from docs/experiments, and a person's
// own runs beside them.
import type { Config } from "../protocol";
import { mechanismWord } from "../settings/mechanism";
import { notPrivate, read, settings } from "../settings/settings";
import { type Run, lastEpoch } from "../state/run";

/** One line: see Standing in cmd/experiments/experiment/board.go. */
export interface Standing {
  setting: string; // of a published score: ""; of a person's own runs, where no setting of the experiments is theirs: "own"
  dataset: string;
  mechanism: string;
  title: string;
  accuracy: number;
  half: number;
  runs?: number; // none: a published score
  epsilon?: number;
  claimed?: string;
  unproven?: string;
  steps?: number;
  seconds?: number;
  features?: string; // trained on instead of the records
  config?: Config;
  notes?: string[];
  own?: boolean;
}

export interface Board {
  settings: { setting: string; title: string; about: string }[];
  standings: Standing[];
}

export type Column = "mechanism" | "setting" | "accuracy" | "epsilon" | "steps" | "seconds";

/** What is shown, in which order. */
export interface View {
  data: string;
  setting: string; // "": all; "published", "own"
  find: string;
  by: Column;
  down: boolean;
}

export const usual: View = { data: "mnist", setting: "", find: "", by: "accuracy", down: true };

export function viewed(standings: Standing[], { data, setting, find, by, down }: View): Standing[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const asked = (s: Standing) => setting === "" || (setting === "published" ? !s.runs : setting === "own" ? s.own : s.setting === setting);
  const found = standings.filter((s) => s.dataset === data && asked(s) && words.every((word) => `${s.title} ${s.mechanism}`.toLowerCase().includes(word)));
  return found.sort((a, b) => compared(a, b, by, down) || b.accuracy - a.accuracy);
}

// What has no figure comes last, whichever way is up.
function compared(a: Standing, b: Standing, by: Column, down: boolean): number {
  const [x, y] = by === "mechanism" ? [a.title, b.title] : [a[by], b[by]];
  if (!x || !y) return Number(!x) - Number(!y);
  const order = typeof x === "string" ? x.localeCompare(y as string) : x - (y as number);
  return down ? -order : order;
}

export function readView(hash: string, board: Board): View {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const of = <T extends string>(name: string, choices: readonly T[], otherwise: T): T => choices.find((c) => c === words.get(name)) ?? otherwise;
  const columns: Column[] = ["mechanism", "setting", "accuracy", "epsilon", "steps", "seconds"];
  return {
    data: of("data", datasetsOf(board), usual.data),
    setting: of("setting", ["", "published", "own", ...board.settings.map(({ setting }) => setting)], usual.setting),
    find: (words.get("find") ?? "").slice(0, 80),
    by: of("by", columns, usual.by),
    down: words.get("order") !== "up",
  };
}

export function writeView(view: View): string {
  const { data, setting, find, by, down } = view;
  return `#${new URLSearchParams({ data, ...(setting && { setting }), ...(find && { find }), ...((by !== usual.by || !down) && { by, order: down ? "down" : "up" }) })}`;
}

export const datasetsOf = ({ standings }: Board): string[] => [...new Set(standings.map(({ dataset }) => dataset))];

/** Runs that this browser keeps on the board's datasets, those of one configuration as one line. */
export function ownStandings(runs: Omit<Run, "id">[], board: Board): Standing[] {
  const groups = new Map<string, Omit<Run, "id">[]>();
  for (const run of runs) {
    if (!run.over || !lastEpoch(run as Run) || run.dataset.own || !datasetsOf(board).includes(run.dataset.name) || !throughout(run)) continue;
    const key = run.dataset.name + JSON.stringify([made(run.dataset), run.config.mechanism.source, ...settings.filter(decides).map((s) => read(run.config, s) ?? null)]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((of) => ownStanding(of, board));
}

/** What its records were made of, where they are vectors: other vectors are other records. */
const made = ({ kind, title, encoder }: Run["dataset"]) => (kind === "vector" ? (encoder ?? title) : undefined);

/** Whether a run went on to its end, as those of the board did. */
const throughout = ({ last, planned }: Omit<Run, "id">) => planned !== undefined && last?.step === planned.steps;

const decides = ({ key }: { key: string }) => !["seed", "workers", "audit"].includes(key);

function ownStanding(of: Omit<Run, "id">[], board: Board): Standing {
  const [{ config, dataset, planned, name }] = of;
  const accuracies = of.map((run) => lastEpoch(run as Run)!.accuracy);
  const epsilons = of.map(({ planned }) => planned!.epsilonUpper);
  const noise = !config.nonPrivate;
  const why = [...new Set(of.flatMap(({ config }) => notPrivate(config)))];
  const notes = [
    ...(why.length > 0 ? [`your runs are marked “not private”: ${why.join("; ")}`] : []),
    ...(dataset.encoder ? [`on vectors of the ${dataset.encoder}, whose training data are outside the guarantee`] : []),
  ];
  return {
    setting: settingOf(config, dataset, board),
    dataset: dataset.name,
    mechanism: mechanismWord(config.mechanism),
    title: name ?? titleOf(config, board),
    accuracy: accuracies.reduce((sum, a) => sum + a, 0) / of.length,
    half: halfInterval(accuracies),
    runs: of.length,
    epsilon: noise ? Math.max(...epsilons) : undefined,
    unproven: noise ? undefined : "none: trained without noise",
    steps: planned!.steps,
    features: made(dataset),
    config,
    notes: notes.length > 0 ? notes : undefined,
    own: true,
  };
}

const titleOf = ({ mechanism }: Config, { standings }: Board): string => standings.find(({ config }) => config?.mechanism.name === mechanism.name)?.title ?? mechanism.name;

/** The setting of the experiments that a configuration is in, whatever its mechanism. */
function settingOf(config: Config, dataset: Run["dataset"], { standings }: Board): string {
  if (dataset.encoder) return "own";
  const alike = (other: Config) => settings.every((s) => !decides(s) || s.key === "mechanism" || (read(config, s) ?? "") === (read(other, s) ?? ""));
  return standings.find((s) => s.config && s.dataset === dataset.name && !s.features === !made(dataset) && alike(s.config))?.setting ?? "own";
}

// Student's t at 97.5 % for 1 to 10 degrees of freedom (any table); above that a little more than it is.
const student = [12.706, 4.303, 3.183, 2.777, 2.571, 2.447, 2.365, 2.307, 2.263, 2.229];
const tested = 10_000;

/** Half of a 95 % interval of a mean, as Interval of cmd/experiments/experiment has it: after one run, Wilson's for the test records. */
export function halfInterval(values: number[]): number {
  const n = values.length;
  if (n === 1) {
    const z = 1.959964;
    const [p] = values;
    return (z / (1 + (z * z) / tested)) * Math.sqrt((p * (1 - p)) / tested + (z * z) / (4 * tested * tested));
  }
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
  return ((student[n - 2] ?? 1.96 + 2.8 / (n - 1)) * deviation) / Math.sqrt(n);
}
