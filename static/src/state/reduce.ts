// The page as a pure function: a state and an event give the next state and the commands that it asks for.
import * as data from "./data";
import { hear } from "./heard";
import type { Command, PageEvent, State } from "./model";
import { propose } from "./preview";
import * as runs from "./runs";
import * as settings from "./settings";
import { Turn, addressOf } from "./turn";

export function reduce(state: State, event: PageEvent): { state: State; commands: Command[] } {
  const turn = new Turn(state);
  apply(turn, event);
  settle(turn, state, event);
  return turn;
}

function apply(turn: Turn, event: PageEvent) {
  switch (event.type) {
    case "heard": return hear(turn, event.event);
    case "arrived": return data.arrive(turn, event);
    case "navigated": return data.navigate(turn, event.hash);
    case "followed": return data.follow(turn, event.hash);
    case "chose data": return data.choose(turn, event);
    case "brought data": return data.bring(turn, event.choice);
    case "undid": return data.undo(turn);
    case "declined": return turn.set({ question: undefined });
    case "set": return settings.set(turn, event);
    case "reset": return settings.reset(turn, event.key);
    case "chose preset": return settings.choosePreset(turn, event.index);
    case "chose part": return settings.choosePart(turn, event);
    case "set param": return settings.setParam(turn, event);
    case "pressed": return runs.press(turn, event.button);
    case "opened checkpoint": return runs.restore(turn, event);
    case "failed": return turn.problem(event.words);
    case "took back": return runs.takeBack(turn, event.run);
    case "discarded": return runs.discard(turn, event.run);
    case "compared": return turn.set({ compared: event.run });
    case "saved kept": return runs.download(turn, turn.state.kept.find((k) => k.id === event.run)!);
    case "turned panel": return turn.set({ panels: turned(turn.state.panels, event.name, event.open) });
    case "looked": return runs.look(turn);
    case "dismissed": return turn.set(turn.state.problem ? { problem: undefined } : { undo: undefined });
    case "restarted": return data.restart(turn, event.data);
  }
  event satisfies never;
}

const turned = (panels: string[], name: string, open: boolean) => [...panels.filter((p) => p !== name), ...(open ? [name] : [])];

// Only what a person changes is a place to come back to.
const isPlace = new Set<PageEvent["type"]>(["set", "reset", "chose preset", "chose part", "set param"]);

/** What follows from any change: a new proposal, and the address. */
function settle(turn: Turn, before: State, event: PageEvent) {
  const { state } = turn;
  const changed = state.settings !== before.settings || state.dataset !== before.dataset || state.catalogue !== before.catalogue;
  if (changed && event.type !== "navigated") propose(turn);
  const place = isPlace.has(event.type) || state.place === true;
  if ((event.type === "chose data" || event.type === "brought data") && !state.question) turn.set({ place: true }); // it is one when they are open
  if (!state.dataset || state.question || event.type === "navigated") return;
  const hash = addressOf(state);
  if (hash === addressOf(before) && !before.question && state.dataset === before.dataset) return;
  turn.commands.push({ do: "put address", hash, push: place });
  turn.set({ place: undefined });
}
