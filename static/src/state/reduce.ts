// The page as a pure function: a state and an event give the next state and the commands that it asks for.
import * as data from "./data";
import * as kept from "./kept";
import * as list from "./list";
import { hear } from "./heard";
import type { Command, PageEvent, State } from "./model";
import { propose } from "./preview";
import * as runs from "./runs";
import * as settings from "./settings";
import * as sweep from "./sweep";
import { Turn, addressOf } from "./turn";

export function reduce(state: State, event: PageEvent): { state: State; commands: Command[] } {
  const turn = new Turn(state);
  apply(turn, event);
  settle(turn, state, event);
  return turn;
}

function apply(turn: Turn, event: PageEvent): unknown {
  switch (event.type) {
    case "heard": return hear(turn, event.event);
    case "arrived": return data.arrive(turn, event);
    case "navigated": return data.navigate(turn, event.hash);
    case "followed": return data.follow(turn, event.hash);
    case "chose data": return data.choose(turn, event);
    case "brought data": return data.bring(turn, event);
    case "keeps data": return kept.keepData(turn, event);
    case "kept data": return kept.keptData(turn, event);
    case "wants to forget": return kept.askToForget(turn);
    case "forgot": return turn.commands.push({ do: "forget everything" });
    case "undid": return data.undo(turn);
    case "declined": return turn.set({ question: undefined });
    case "set": return settings.set(turn, event);
    case "reset": return settings.reset(turn, event.key);
    case "chose preset": return settings.choosePreset(turn, event.index);
    case "chose part": return settings.choosePart(turn, event);
    case "set param": return settings.setParam(turn, event);
    case "pressed": return runs.press(turn, event);
    case "opened checkpoint": return runs.restore(turn, event);
    case "failed": return turn.problem(event.words);
    case "took back": return kept.takeBack(turn, event.run);
    case "went on": return kept.goOn(turn, event.run);
    case "put off": return kept.putOff(turn, event.run);
    case "found kept": return kept.found(turn, event);
    case "took kept": return kept.took(turn, event);
    case "is elsewhere": return kept.isElsewhere(turn, event.run);
    case "stored": return kept.stored(turn, event);
    case "cannot keep": return kept.cannotKeep(turn, event);
    case "discarded": return kept.discard(turn, event.run);
    case "compared": return list.compare(turn, event);
    case "described": return list.describe(turn, event);
    case "duplicated": return list.duplicate(turn, event.run);
    case "swept": return sweep.sweep(turn, event);
    case "stopped sweep": return sweep.stopSweep(turn);
    case "sorted": return turn.set({ sorted: event.by });
    case "saved kept": return runs.download(turn, turn.state.kept.find((k) => k.id === event.run)!);
    case "took along": return runs.note(turn, event.run, event.what);
    case "turned panel": return turn.set({ panels: turned(turn.state.panels, event.name, event.open) });
    case "looked": return runs.look(turn);
    case "dismissed": return turn.set(turn.state.problem ? { problem: undefined } : { undo: undefined });
    case "restarted": return data.restart(turn, event.data);
  }
  event satisfies never;
}

const turned = (panels: string[], name: string, open: boolean) => [...panels.filter((p) => p !== name), ...(open ? [name] : [])];

/** Whether the address can be no other: to write one takes longer than most events. */
const isSame = (a: State, b: State) => a.data === b.data && a.settings === b.settings && a.panels === b.panels && a.dataset === b.dataset;

// Only what a person changes is a place to come back to.
const isPlace = new Set<PageEvent["type"]>(["set", "reset", "chose preset", "chose part", "set param", "duplicated"]);

/** What follows from any change: a new proposal, and the address. */
function settle(turn: Turn, before: State, event: PageEvent) {
  const { state } = turn;
  const changed = state.settings !== before.settings || state.dataset !== before.dataset || state.catalogue !== before.catalogue;
  if (changed && event.type !== "navigated") propose(turn);
  const place = isPlace.has(event.type) || state.place === true;
  if ((event.type === "chose data" || event.type === "brought data") && !state.question) turn.set({ place: true }); // it is one when they are open
  if (!state.dataset || state.question || event.type === "navigated") return;
  if (!before.question && isSame(before, state)) return;
  const hash = addressOf(state);
  if (hash === addressOf(before) && !before.question && state.dataset === before.dataset) return;
  turn.commands.push({ do: "put address", hash, push: place });
  turn.set({ place: undefined });
}
