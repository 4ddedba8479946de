// What the trainer tells, and what follows from it.
import type { Event, EventOf } from "../protocol";
import * as format from "../ui/format";
import { openNow } from "./data";
import type { Phase } from "./model";
import { forget, propose, proposed, rehearsed } from "./preview";
import { type Run, isPrivate, lastEpoch, spent, withEvent } from "./run";
import { keepBefore, store, takeBack } from "./kept";
import { useConfig } from "./list";
import { download, fail } from "./runs";
import { presetOf, useAddress } from "./settings";
import { advance } from "./sweep";
import type { Turn } from "./turn";

export function hear(turn: Turn, event: Event) {
  const { run } = turn.state;
  if (run) turn.set({ run: withEvent(run, event) });
  switch (event.type) {
    case "ready":
      return turn.set({ catalogue: event.mechanisms });
    case "loading":
      return turn.set({ loading: event.loading });
    case "dataset":
      return opened(turn, event);
    case "planned":
      return planned(turn);
    case "epoch":
      turn.log(epochWords(turn.state.run!));
      return turn.say(epochWords(turn.state.run!));
    case "state":
      return turned(turn, event.state);
    case "done":
      return ended(turn);
    case "checkpoint":
      return handed(turn, event.checkpoint);
    case "safepoint":
      return store(turn, event.checkpoint, true);
    case "proposal":
      return proposed(turn, event);
    case "rehearsal":
      return rehearsed(turn, event);
    case "notice":
      return turn.log(event.message);
    case "error":
      return fail(turn, event.message, event.fatal);
  }
}

function opened(turn: Turn, { dataset }: EventOf<"dataset">) {
  turn.set({ dataset, loading: undefined, settings: { ...turn.state.settings, presets: dataset.presets } });
  useAddress(turn, turn.state.address, turn.state.address.carried);
  turn.log(`${dataset.title}: ${format.count(dataset.train)} records to train on, ${format.count(dataset.test)} to test.${dataset.encoder ? ` Vectors by the ${dataset.encoder}, whose training data are outside the guarantee.` : ""}`);
  forget(turn);
  const { restore: back, config: like } = turn.state.wanted ?? {};
  turn.set({ wanted: undefined, phase: "idle" });
  if (back !== undefined) takeBack(turn, back);
  if (like) useConfig(turn, like);
}

function planned(turn: Turn) {
  const { run, settings } = turn.state;
  keepBefore(turn);
  const { config } = run!;
  turn.set({ settings: { ...settings, preset: presetOf(settings, config.model), config, drafts: {} } });
  const { steps, noiseMultiplier } = run!.planned!;
  const noise = isPrivate(run!) ? `noise multiplier ${format.noise(noiseMultiplier)}` : "not private";
  turn.log(`Planned: ${format.count(steps)} steps, ${noise}.`);
  store(turn);
}

/** The trainer's state; while a run is being started, the page is ahead of it. */
function turned(turn: Turn, state: EventOf<"state">["state"]) {
  const { phase, run, before, goOn, held } = turn.state;
  if (state === "loading") turn.set({ dataset: undefined });
  if (phase === "starting" && before) {
    if (state === "idle") turn.set({ before: { ...before, phase: "idle" } }); // the run before has made room
    return;
  }
  if (state === "paused" && held !== undefined && held === run?.id) return; // it is still starting
  if (phase === "loading" && state === "idle" && !turn.state.dataset) return; // not yet
  const words: Partial<Record<Phase, string>> = { running: phase === "paused" ? "Training goes on." : "Training has started.", paused: "Paused." };
  if (state !== phase && words[state]) turn.say(words[state]!);
  turn.set({ phase: state });
  if (state !== "paused" || goOn === undefined) return;
  turn.set({ goOn: undefined });
  if (goOn === run?.id) turn.send({ type: "resume" });
}

function ended(turn: Turn) {
  const run = turn.state.run!;
  const epoch = lastEpoch(run);
  const epsilon = spent(run);
  const what = run.last && run.planned && run.last.step < run.planned.steps ? "The run was stopped" : "The run has ended";
  const words = `${what}${epoch ? `: test accuracy ${format.percent(epoch.accuracy)}` : ""}${epsilon === undefined ? "" : `, epsilon at most ${format.epsilon(epsilon)}`}.`;
  turn.log(words);
  turn.say(words);
  turn.commands.push({ do: "tell end", words });
  turn.set({ phase: "done", saves: [...turn.state.saves, "keep"] });
  turn.send({ type: "save" });
  propose(turn); // what the ledger holds now
}

/** A checkpoint as asked for: into the run, or into a file. */
function handed(turn: Turn, bytes: Uint8Array) {
  const { run, saves, wanted } = turn.state;
  const [purpose, ...others] = saves;
  if (!purpose || !run) return;
  turn.set({ saves: others });
  if (purpose === "download") return download(turn, run, bytes);
  turn.set({ run: { ...run, checkpoint: bytes } });
  store(turn, bytes);
  if (wanted?.data) return openNow(turn, wanted.data);
  advance(turn, run);
}

function epochWords(run: Run): string {
  const { epoch, accuracy, epsilon } = lastEpoch(run)!;
  const cost = isPrivate(run) ? `, epsilon ${format.epsilon(epsilon)}` : "";
  return `Epoch ${Number(epoch.toFixed(2))}: test accuracy ${format.percent(accuracy)}${cost}.`;
}
