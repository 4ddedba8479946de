// The list of runs: names, notes and colours, what is compared, and settings taken from a run to change.
import { modelTitle } from "../settings/settings";
import { openNow } from "./data";
import { isOf } from "./kept";
import { type PageEvent, type State, busy } from "./model";
import { type Run, lastEpoch, spent } from "./run";
import { presetOf } from "./settings";
import type { Turn } from "./turn";

/** So many curves can be told apart; the style sheet has --run-0 to --run-5. */
export const colours = 6;

export const nameOf = (run: Run): string => run.name ?? `${modelTitle(run.config.model)} on ${run.dataset.title}`;

/** Puts a run into the curves, in a colour that no other there has, or takes it out of them. */
export function compare(turn: Turn, { run: id, on }: Extract<PageEvent, { type: "compared" }>) {
  const others = turn.state.compared.filter((c) => c !== id);
  turn.set({ compared: on ? [...others, id].slice(-colours) : others });
  if (on) distinguish(turn, id);
}

function distinguish(turn: Turn, id: number) {
  const { kept, compared } = turn.state;
  const run = kept.find((k) => k.id === id);
  const taken = kept.filter((k) => k.id !== id && compared.includes(k.id)).map(colourOf);
  if (!run || !taken.includes(colourOf(run))) return;
  const free = Array.from({ length: colours }, (_, i) => i).find((colour) => !taken.includes(colour));
  if (free !== undefined) describe(turn, { type: "described", run: id, what: { colour: free } });
}

export const colourOf = ({ colour, id }: Run): number => colour ?? id % colours;

/** A person's words and colour for a run, which this browser keeps with it. */
export function describe(turn: Turn, { run: id, what }: Extract<PageEvent, { type: "described" }>) {
  const kept = turn.state.kept.map((k) => (k.id === id ? { ...k, ...what } : k));
  turn.set({ kept });
  const run = kept.find((k) => k.id === id);
  if (run?.stored) turn.commands.push({ do: "keep", run });
  if (what.colour !== undefined && turn.state.compared.includes(id)) {
    const clash = kept.find((k) => k.id !== id && turn.state.compared.includes(k.id) && colourOf(k) === what.colour);
    if (clash) distinguish(turn, clash.id);
  }
}

/** The settings of a run, to be changed and trained again; on its own data where they can be opened. */
export function duplicate(turn: Turn, id: number) {
  const { kept, dataset, choices } = turn.state;
  const run = kept.find((k) => k.id === id);
  if (!run || busy(turn.state)) return;
  if (dataset && isOf(run, dataset)) return useConfig(turn, run);
  if (!choices.some(({ name }) => name === run.data)) return turn.problem(`The records of this run (“${run.dataset.title}”) are not on this page.`);
  turn.set({ wanted: { config: run } });
  openNow(turn, run.data);
}

export function useConfig(turn: Turn, { config }: Run) {
  const { settings } = turn.state;
  turn.set({ settings: { ...settings, preset: presetOf(settings, config.model), config, drafts: {} } });
  turn.say("The settings are those of the run: change what you like, and press Train.");
}

export type Order = "latest" | "accuracy" | "epsilon" | "name";

/** The kept runs as the person wants them ordered; those without a figure come last. */
export function ordered({ kept, sorted }: State): Run[] {
  const by: Record<Order, (a: Run, b: Run) => number> = {
    latest: (a, b) => b.order - a.order,
    accuracy: (a, b) => (lastEpoch(b)?.accuracy ?? -1) - (lastEpoch(a)?.accuracy ?? -1),
    epsilon: (a, b) => (spent(a) ?? Infinity) - (spent(b) ?? Infinity) || 0,
    name: (a, b) => nameOf(a).localeCompare(nameOf(b)),
  };
  return sorted === "latest" ? kept : [...kept].sort(by[sorted]);
}
