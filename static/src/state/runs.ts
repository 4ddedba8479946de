// Runs as a person steers them: start, pause, stop, save, restore.
import * as format from "../ui/format";
import { openNow } from "./data";
import { start as begin, beginNew, giveBack } from "./kept";
import { type PageEvent, type State, busy } from "./model";
import { notPrivate } from "../settings/settings";
import { hasFaults, propose } from "./preview";
import { type Run, hasModel } from "./run";
import { faults } from "./settings";
import { advance, stopSweep } from "./sweep";
import type { Turn } from "./turn";

const again = { label: "Start the trainer again", event: { type: "restarted" } as const };

export function press(turn: Turn, { button, sure }: Extract<PageEvent, { type: "pressed" }>) {
  const { phase } = turn.state;
  if (button === "stop") stopSweep(turn);
  if (button === "save") return save(turn);
  if (button !== "train") return turn.send({ type: button });
  if (phase === "running") return turn.send({ type: "pause" });
  if (phase === "paused") return turn.send({ type: "resume" });
  start(turn, sure);
}

function start(turn: Turn, sure = false) {
  const { dead, dataset, settings } = turn.state;
  if (dead) return turn.problem("The trainer has stopped.", [again]);
  if (!dataset || busy(turn.state)) return;
  if (hasFaults(turn.state)) {
    const [field, words] = [...faults(turn.state)][0];
    turn.say(words);
    turn.commands.push({ do: "focus", field });
    return;
  }
  if (dataset.own && !sure && notPrivate(settings.config).length > 0) return askToExpose(turn);
  begin(turn, settings.config);
}

/** A run without privacy on somebody's own records cannot be taken back; drawn ones do for a comparison. */
function askToExpose(turn: Turn) {
  const { choices, dataset, settings } = turn.state;
  const words =
    `Train on ${dataset!.title} without privacy: ${notPrivate(settings.config).join("; ")}? No limit will hold for all runs on these records together any more, whatever is trained later. ` +
    `For a comparison, ${choices[0].title.toLowerCase()} do as well: they are drawn in this tab and are nobody's.`;
  const stand = { label: `Use the ${choices[0].title.toLowerCase()}`, event: { type: "chose data", name: choices[0].name, sure: true } as const };
  turn.set({ question: { words, yes: "Train without privacy", event: { type: "pressed", button: "train", sure: true }, instead: stand } });
}

function save(turn: Turn) {
  const { run, saves } = turn.state;
  if (!run?.planned) return;
  if (run.over && hasModel(run)) return download(turn, run);
  turn.set({ saves: [...saves, "download"] });
  turn.send({ type: "save" });
}

export function download(turn: Turn, run: Run, bytes = run.checkpoint) {
  if (!bytes && !run.stored) return;
  const name = `cloister-${run.config.model}-step-${run.last?.step ?? 0}.checkpoint`;
  note(turn, run, "checkpoint");
  turn.commands.push(bytes ? { do: "download", bytes, name } : { do: "download kept", run, name });
  turn.log(`Saved ${name}.`);
  const saved = { ...run, saved: run.over };
  if (turn.state.run?.id === run.id) turn.set({ run: saved });
  else turn.set({ kept: turn.state.kept.map((k) => (k.id === run.id ? saved : k)) });
}

/** Has the ledger's history tell what was kept of a run. */
export function note(turn: Turn, { planned }: Run, kept: string) {
  if (!planned?.run || turn.state.dead) return;
  turn.send({ type: "keep", run: planned.run, kept });
  turn.set({ noted: turn.state.noted + 1 });
}

const maxCheckpoint = 2 ** 28 + 1024; // that of train/checkpoint.go, and its head

export function restore(turn: Turn, { name, bytes }: Extract<PageEvent, { type: "opened checkpoint" }>) {
  if (!turn.state.dataset || turn.state.dead || busy(turn.state)) return; // a run was started, or other data opened, meanwhile
  if (bytes.length > maxCheckpoint) {
    return turn.problem(`${name} has ${format.count(bytes.length)} bytes; no checkpoint has more than ${format.count(maxCheckpoint)}.`);
  }
  beginNew(turn, bytes);
  turn.send({ type: "restore", checkpoint: bytes });
}

/** Reads the ledger again for somebody who comes back: another tab may have spent meanwhile. */
export function look(turn: Turn) {
  const { run, phase, dead, dataset } = turn.state;
  if (dead || !dataset) return;
  if (run?.planned && phase !== "starting") turn.send({ type: "ledger" });
  propose(turn);
}

/** A trainer that died takes nothing with it but the run: what it reserved stays in the ledger. */
export function fail(turn: Turn, words: string, fatal = false) {
  turn.log(words);
  const { dead: already, phase, dataset, before } = turn.state;
  if (already) return; // its first words told why
  const refused = phase === "starting" && before !== undefined; // the settings are to be changed, and the run before is still there
  turn.set({ dead: fatal, saves: [] });
  if (fatal) turn.commands.push({ do: "end trainer" });
  turn.problem(words, !dataset ? otherData(turn.state) : refused && !fatal ? [] : [again]);
  turn.say(words);
  if (refused) giveBack(turn, before);
  else if (phase === "starting") turn.set({ phase: "paused", held: undefined });
  if (fatal && turn.state.run?.planned) turn.set({ run: { ...turn.state.run, over: true } });
  if (!dataset || fatal) turn.set({ phase: "idle" });
  if (refused && !fatal) propose(turn);
  if (fatal) stopSweep(turn);
  else if (refused) advance(turn, undefined, words);
  const { wanted } = turn.state;
  if (wanted?.data && !fatal) openNow(turn, wanted.data); // it cannot be kept
}

/** The ways out where no data could be opened. */
function otherData({ choices, data }: State) {
  const retry = { label: "Try again", event: { type: "restarted" } as const };
  const first = choices[0]?.name; // the list of datasets may not have come
  return !first || data === first ? [retry] : [retry, { label: "Use the built-in digits", event: { type: "chose data", name: first, sure: true } as const }];
}
