// Runs that are kept: beside the one that is shown, and in this browser, from where they go on after a break.
import type { Config, DatasetInfo } from "../protocol";
import * as format from "../ui/format";
import { openNow, tellFeatures } from "./data";
import { type PageEvent, type Standing, type State, busy } from "./model";
import { type Run, hasModel, newRun } from "./run";
import type { Turn } from "./turn";

/** Makes place for a new run; this browser knows of it before the trainer does. A checkpoint is where it goes on. */
export function beginNew(turn: Turn, checkpoint?: Uint8Array) {
  const { settings, dataset, data, lastRun, session, kept, run } = turn.state;
  const id = lastRun + 1;
  const order = 1 + Math.max(0, ...kept.map((k) => k.order), run?.order ?? 0);
  begin(turn, newRun({ id, key: `${session}-${id}`, order, data, config: settings.config, dataset: dataset! }));
  turn.set({ lastRun: id });
  store(turn, checkpoint);
}

/** Begins a run. Its first step costs all of its plan: it waits until this browser keeps what the run can go on from. */
export function start(turn: Turn, config: Config) {
  beginNew(turn);
  const { run, session } = turn.state;
  turn.set({ held: session ? run!.id : undefined });
  turn.send({ type: "start", config, ...(session && { held: true }) });
}

/** What a run waited for is kept, or cannot be. */
function letGo(turn: Turn, id: number) {
  const { held, run } = turn.state;
  if (held !== id || run?.id !== id || !run.planned) return;
  turn.set({ held: undefined });
  turn.send({ type: "resume" });
}

/** Shows a run that the trainer is asked for; the one before stands by until the new one is planned. */
function begin(turn: Turn, next: Run, taken?: Run) {
  const { run, phase } = turn.state;
  turn.set({ before: { run, phase, taken }, run: next, phase: "starting", problem: undefined, question: undefined, goOn: undefined, held: undefined });
}

/** Has this browser keep the run that is shown, as it is. A checkpoint that nobody else needs is handed over: it is not copied. */
export function store(turn: Turn, checkpoint?: Uint8Array, handedOver = false) {
  const { run, session } = turn.state;
  if (run && session) turn.commands.push({ do: "keep", run, checkpoint, handedOver });
}

/** A run that was refused leaves no trace, and gives back what there was before. */
export function giveBack(turn: Turn, before: Standing) {
  const { run, kept } = turn.state;
  if (before.taken) turn.set({ kept: [before.taken, ...kept] });
  else if (run) turn.commands.push({ do: "remove kept", key: run.key });
  turn.set({ run: before.run, before: undefined, phase: before.phase, goOn: undefined, held: undefined });
}

/** Keeps the run that was shown before this one, if it came to anything. */
export function keepBefore(turn: Turn) {
  const { before, kept } = turn.state;
  turn.set({ before: undefined });
  if (before?.run?.over && before.run.planned) keep(turn, before.run, kept);
}

export function keep(turn: Turn, run: Run, kept = turn.state.kept) {
  turn.set({ kept: [run, ...kept.filter((k) => k.id !== run.id)], compared: [run.id] });
}

/** What this browser kept of earlier pages, and of other tabs. What was interrupted is offered to go on. */
export function found(turn: Turn, { runs, damaged }: Extract<PageEvent, { type: "found kept" }>) {
  const { lastRun, kept } = turn.state;
  const known = new Set(kept.map((k) => k.key));
  const all = runs.filter(({ key }) => !known.has(key)).map((run, i): Run => ({ ...run, id: lastRun + 1 + i }));
  turn.set({ lastRun: lastRun + all.length, kept: [...kept, ...all.filter((run) => run.planned)] });
  if (damaged > 0) turn.log(`${format.count(damaged)} runs that this browser kept are damaged and cannot be read.`);
  for (const run of all.filter((run) => !run.planned && !run.elsewhere)) {
    turn.log("A run was interrupted before its first checkpoint: nothing of it is left to go on with. What the ledger may have charged for it stays charged.");
    turn.commands.push({ do: "remove kept", key: run.key });
  }
  turn.set({ offered: all.filter((run) => run.planned && !run.over && !run.elsewhere).map((run) => run.id) });
}

/** Whether a run trained on these records, as far as can be told: own data go by their title, which a checkpoint holds. */
export const isOf = (run: Run, dataset: DatasetInfo): boolean => dataset.title === run.dataset.title && (dataset.own ? run.dataset.own : dataset.name === run.dataset.name);

export const putOff = (turn: Turn, id: number) => turn.set({ offered: turn.state.offered.filter((o) => o !== id) });

/** Goes on with a run that was interrupted, on its data, without waiting to be asked again. */
export function goOn(turn: Turn, id: number) {
  const { kept, dataset, choices, dead, data, phase } = turn.state;
  const run = kept.find((k) => k.id === id);
  if (!run || busy(turn.state) || dead) return;
  if (dataset && isOf(run, dataset)) {
    takeBack(turn, id);
  } else if (choices.some(({ name }) => name === run.data)) {
    turn.set({ wanted: { restore: id } });
    if (data !== run.data || phase !== "loading") openNow(turn, run.data); // else they are on their way
  } else {
    if (tellFeatures(turn, run.data)) return;
    return turn.problem(`The records of this run (“${run.dataset.title}”) are not open, and this browser did not keep them. Drop the same files again, with the same name, then go on with the run in the list of runs.`);
  }
  turn.set({ goOn: id });
  putOff(turn, id);
}

/** Goes on with a kept run where it ended, or was interrupted: its curves come back with it. */
export function takeBack(turn: Turn, id: number) {
  const { kept, dataset, dead } = turn.state;
  const run = kept.find((k) => k.id === id);
  if (!run || !hasModel(run) || !dataset || dead || busy(turn.state)) return;
  putOff(turn, id);
  if (run.checkpoint) restore(turn, run, run.checkpoint);
  else turn.commands.push({ do: "take kept", run });
}

/** A kept run as it was when this tab came to hold it, which may be later than when it was found. */
export function took(turn: Turn, { run, checkpoint }: Extract<PageEvent, { type: "took kept" }>) {
  const { dataset, dead, kept } = turn.state;
  if (!dataset || dead || busy(turn.state) || !kept.some((k) => k.id === run.id)) return;
  restore(turn, { ...run, dataset: { ...run.dataset, samples: dataset.samples } }, checkpoint);
}

function restore(turn: Turn, run: Run, checkpoint: Uint8Array) {
  const { goOn } = turn.state;
  begin(turn, { ...run, over: false }, run);
  turn.set({ kept: turn.state.kept.filter((k) => k.id !== run.id), goOn });
  turn.send({ type: "restore", checkpoint });
}

export function isElsewhere(turn: Turn, id: number) {
  turn.set({ kept: turn.state.kept.map((k) => (k.id === id ? { ...k, elsewhere: true } : k)), goOn: undefined });
  turn.problem("This run goes on in another tab. Go on with it there, or close that tab first: one run has one place, for the ledger charges each of its steps once.");
}

export function discard(turn: Turn, id: number) {
  const gone = turn.state.kept.find((k) => k.id === id);
  const kept = turn.state.kept.filter((k) => k.id !== id);
  turn.set({ kept, compared: turn.state.compared.filter((c) => c !== id) });
  putOff(turn, id);
  if (gone?.stored) turn.commands.push({ do: "remove kept", key: gone.key });
}

/** This browser has the run: leaving loses nothing of one that is over. */
export function stored(turn: Turn, { run: id, over, checkpoint }: Extract<PageEvent, { type: "stored" }>) {
  const marks = (run: Run) => run.id === id && !run.stored && (over || !run.over);
  const mark = (run: Run): Run => (marks(run) ? { ...run, stored: true } : run);
  const { run, kept, before } = turn.state;
  turn.set({ run: run && mark(run), kept: kept.some(marks) ? kept.map(mark) : kept, unkept: undefined });
  if (before?.run) turn.set({ before: { ...before, run: mark(before.run) } });
  if (checkpoint) letGo(turn, id);
}

/** Said once, until it works again: training goes on without. */
export function cannotKeep(turn: Turn, { words, full }: Extract<PageEvent, { type: "cannot keep" }>) {
  if (turn.state.held !== undefined) letGo(turn, turn.state.held);
  if (turn.state.unkept) return;
  const way = full ? "Delete runs or data that this browser keeps, or save a checkpoint to a file." : "Save a checkpoint to a file before you leave.";
  const told = `This browser cannot keep runs: ${words}. A run that is interrupted cannot go on from here. ${way}`;
  turn.set({ unkept: told });
  turn.log(told);
  turn.say(told);
}

/** Own data are kept in this browser when the person says so, and until they say otherwise. */
export function keepData(turn: Turn, { name, on }: Extract<PageEvent, { type: "keeps data" }>) {
  const choice = turn.state.choices.find((c) => c.name === name);
  if (choice) turn.commands.push({ do: "keep data", choice, on });
}

export function keptData(turn: Turn, { name, on }: Extract<PageEvent, { type: "kept data" }>) {
  turn.set({ choices: turn.state.choices.map((c) => (c.name === name ? { ...c, kept: on } : c)) });
  turn.say(on ? "These data are kept in this browser." : "These data are kept in this browser no longer.");
}

export function askToForget(turn: Turn) {
  if (busy(turn.state)) return;
  const words =
    "Forget everything that this browser keeps for this page: runs with their models, your own data, and the ledger? " +
    "Without the ledger nobody knows what was spent on your records: it stays spent, whatever is trained on them later adds to it, and this page will not be able to say so. It cannot be undone.";
  turn.ask(words, "Forget everything", { type: "forgot" });
}

/** What an interrupted run is, and what going on means, in words. */
export function offerWords({ planned, last, config, dataset }: Run): string {
  const { steps, bands, private: kept } = planned!;
  const where = `at step ${format.count(last?.step ?? 0)} of ${format.count(steps)}`;
  const cost = kept ? ` What it was charged stays charged; going on draws fresh randomness, and the steps that remain fit its ε ≤ ${format.epsilon(config.epsilon)}.` : " It is not private.";
  const round = bands > 1 ? ` Its noise is correlated: the rest of a round of ${format.count(bands)} steps is lost.` : "";
  return `A run on ${dataset.title} was interrupted ${where}.${cost}${round}`;
}

export const firstOffer = ({ offered, kept }: State): Run | undefined => kept.find((k) => k.id === offered[0]);
