// Runs as a person steers them: start, pause, stop, save, restore; and those that are kept beside the next one.
import * as format from "../ui/format";
import { openNow } from "./data";
import { type PageEvent, type State, busy } from "./model";
import { hasFaults, propose } from "./preview";
import { type Run, newRun } from "./run";
import { faults } from "./settings";
import type { Turn } from "./turn";

const again = { label: "Start the trainer again", event: { type: "restarted" } as const };

export function press(turn: Turn, button: "train" | "step" | "stop" | "save") {
  const { phase } = turn.state;
  if (button === "save") return save(turn);
  if (button !== "train") return turn.send({ type: button });
  if (phase === "running") return turn.send({ type: "pause" });
  if (phase === "paused") return turn.send({ type: "resume" });
  start(turn);
}

function start(turn: Turn) {
  const { dead, dataset, settings } = turn.state;
  if (dead) return turn.problem("The trainer has stopped.", [again]);
  if (!dataset || busy(turn.state)) return;
  if (hasFaults(turn.state)) {
    const [field, words] = [...faults(turn.state)][0];
    turn.say(words);
    turn.commands.push({ do: "focus", field });
    return;
  }
  begin(turn);
  turn.send({ type: "start", config: settings.config });
}

/** Makes place for a run; the one before stands by until the new one is planned. */
function begin(turn: Turn) {
  const { run, phase, settings, dataset, lastRun } = turn.state;
  const id = lastRun + 1;
  turn.set({ before: { run, phase }, run: newRun(id, settings.config, dataset!), lastRun: id, phase: "starting", problem: undefined, question: undefined });
}

/** Keeps the run that was shown before this one, if it came to anything. */
export function keepBefore(turn: Turn) {
  const { before, kept } = turn.state;
  turn.set({ before: undefined });
  if (before?.run?.over && before.run.planned) keep(turn, before.run, kept);
}

export function keep(turn: Turn, run: Run, kept = turn.state.kept) {
  turn.set({ kept: [run, ...kept.filter((k) => k.id !== run.id)], compared: run.id });
}

function save(turn: Turn) {
  const { run, saves } = turn.state;
  if (!run?.planned) return;
  if (run.over && run.checkpoint) return download(turn, run);
  turn.set({ saves: [...saves, "download"] });
  turn.send({ type: "save" });
}

export function download(turn: Turn, run: Run, bytes = run.checkpoint) {
  if (!bytes) return;
  const name = `cloister-${run.config.model}-step-${run.last?.step ?? 0}.checkpoint`;
  if (turn.state.run?.id === run.id && run.planned && !turn.state.dead) turn.send({ type: "keep", kept: "checkpoint" }); // the ledger's history
  turn.commands.push({ do: "download", bytes, name });
  turn.log(`Saved ${name}.`);
  const saved = { ...run, saved: run.over };
  if (turn.state.run?.id === run.id) turn.set({ run: saved });
  else turn.set({ kept: turn.state.kept.map((k) => (k.id === run.id ? saved : k)) });
}

const maxCheckpoint = 2 ** 28 + 1024; // that of train/checkpoint.go, and its head

export function restore(turn: Turn, { name, bytes }: Extract<PageEvent, { type: "opened checkpoint" }>) {
  if (!turn.state.dataset || turn.state.dead || busy(turn.state)) return; // a run was started, or other data opened, meanwhile
  if (bytes.length > maxCheckpoint) {
    return turn.problem(`${name} has ${format.count(bytes.length)} bytes; no checkpoint has more than ${format.count(maxCheckpoint)}.`);
  }
  begin(turn);
  turn.send({ type: "restore", checkpoint: bytes });
}

/** Reads the ledger again for somebody who comes back: another tab may have spent meanwhile. */
export function look(turn: Turn) {
  const { run, phase, dead, dataset } = turn.state;
  if (dead || !dataset) return;
  if (run?.planned && phase !== "starting") turn.send({ type: "ledger" });
  propose(turn);
}

/** Goes on with a kept run where it ended: its curves come back with it. */
export function takeBack(turn: Turn, id: number) {
  const { kept, dataset, dead } = turn.state;
  const run = kept.find((k) => k.id === id);
  if (!run?.checkpoint || !dataset || dead || busy(turn.state)) return;
  begin(turn);
  turn.set({ run: { ...run, over: false }, kept: kept.filter((k) => k.id !== id) });
  turn.send({ type: "restore", checkpoint: run.checkpoint });
}

export function discard(turn: Turn, id: number) {
  const kept = turn.state.kept.filter((k) => k.id !== id);
  turn.set({ kept, compared: turn.state.compared === id ? kept[0]?.id : turn.state.compared });
}

/** A trainer that died takes nothing with it but the run: what it reserved stays in the ledger. */
export function fail(turn: Turn, words: string, fatal = false) {
  turn.log(words);
  const { dead: already, phase, run, dataset, before } = turn.state;
  if (already) return; // its first words told why
  const refused = phase === "starting" && !run?.planned; // the settings are to be changed, and the run before is still there
  turn.set({ dead: fatal, saves: [] });
  if (fatal) turn.commands.push({ do: "end trainer" });
  turn.problem(words, !dataset ? otherData(turn.state) : refused && !fatal ? [] : [again]);
  turn.say(words);
  if (refused) turn.set({ run: before?.run, before: undefined, phase: before?.phase ?? "idle" });
  else if (phase === "starting") turn.set({ phase: "paused" });
  if (fatal && turn.state.run?.planned) turn.set({ run: { ...turn.state.run, over: true } });
  if (!dataset || fatal) turn.set({ phase: "idle" });
  if (refused && !fatal) propose(turn);
  const { wanted } = turn.state;
  if (wanted?.data && !fatal) openNow(turn, wanted.data); // it cannot be kept
}

/** The ways out where no data could be opened. */
function otherData({ choices, data }: State) {
  const retry = { label: "Try again", event: { type: "restarted" } as const };
  const first = choices[0]?.name; // the list of datasets may not have come
  return !first || data === first ? [retry] : [retry, { label: "Use the built-in digits", event: { type: "chose data", name: first, sure: true } as const }];
}
