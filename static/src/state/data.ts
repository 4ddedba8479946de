// Which data are open: by choice, by link, and the way back.
import { type Address, readAddress } from "../settings/address";
import { type PageEvent, type State, busy } from "./model";
import { forget, propose } from "./preview";
import { hasModel } from "./run";
import { keep, keepData } from "./kept";
import { useAddress } from "./settings";
import { stopSweep } from "./sweep";
import { type Turn, addressOf } from "./turn";

export function arrive(turn: Turn, { choices, hash, session }: Extract<PageEvent, { type: "arrived" }>) {
  const address = readAddress(hash);
  turn.set({ choices, address, panels: address.panels, session });
  openNow(turn, address.data ?? choices[0].name);
}

/** The settings as other data take them over. A model that these data merely propose stays with them: others have their own. */
function carried(state: State): Address {
  const { config, presets } = state.settings;
  const address = readAddress(addressOf(state));
  return { ...address, model: config.model === presets[0]?.config.model ? undefined : address.model, carried: true };
}

/** Other data end the run that is shown: asked once, and undone while it is still there. */
export function choose(turn: Turn, { name, sure }: Extract<PageEvent, { type: "chose data" }>) {
  const { run, data, dead } = turn.state;
  if (run?.planned && !sure && !dead) {
    const kept = run.over ? "The run on this page is kept beside the next." : "The run that goes on is stopped, and kept beside the next.";
    return turn.ask(`Open ${title(turn, name)}? ${kept}`, "Open", { type: "chose data", name, sure: true });
  }
  turn.set({ question: undefined, address: carried(turn.state) });
  if (run?.planned && !dead) turn.set({ undo: { data, run: run.id } });
  leaveFor(turn, name);
}

/** Data of the person's own, read on this page: one more choice, and the one that is wanted. */
export function bring(turn: Turn, { choice, keep }: Extract<PageEvent, { type: "brought data" }>) {
  turn.set({ choices: [...turn.state.choices.filter(({ name }) => name !== choice.name), choice] });
  if (keep) keepData(turn, { type: "keeps data", name: choice.name, on: true });
  choose(turn, { type: "chose data", name: choice.name });
}

/** Opens data as soon as the run that is shown has ended and is kept. */
function leaveFor(turn: Turn, name: string) {
  const { phase, saves, dead } = turn.state;
  stopSweep(turn);
  if (dead || (!busy(turn.state) && saves.length === 0)) return openNow(turn, name);
  turn.set({ wanted: { data: name } });
  if (phase !== "done") turn.send({ type: "stop" });
}

const title = (turn: Turn, name: string) => turn.state.choices.find((c) => c.name === name)?.title ?? name;

/** Opens data; with a new trainer if the old one is dead. */
export function openNow(turn: Turn, name: string) {
  const { choices, run, dead } = turn.state;
  const choice = choices.find((c) => c.name === name);
  if (run?.over && run.planned && hasModel(run)) keep(turn, run);
  turn.set({ data: name, dataset: undefined, loading: undefined, run: undefined, before: undefined, problem: undefined, saves: [] });
  forget(turn);
  if (!choice) {
    turn.set({ phase: "idle" });
    const first = choices[0].name;
    const gone = /^own(-\d+)?(\+|$)/.test(name);
    if (tellFeatures(turn, name)) return;
    return turn.problem(gone ? "Data of your own are gone with the page that read them: drop them again." : `This site has no dataset called “${name}”.`, [{ label: "Use the built-in digits", event: { type: "chose data", name: first, sure: true } }]);
  }
  if (dead) turn.commands.push({ do: "restart trainer" });
  turn.set({ phase: "loading", dead: false });
  turn.send({ type: "open", source: choice.source });
}

/** Says how the features of that name come back, where their records are to be had. */
export function tellFeatures(turn: Turn, name: string): boolean {
  const [records, made] = name.split("+features");
  const of = made !== undefined && turn.state.choices.find((c) => c.name === records);
  if (!of) return false;
  const how = made.startsWith("+encoder") ? "open the records, press “Fixed features” and bring the same encoder" : "open the records and press “Fixed features”";
  turn.problem(`The fixed features of ${of.title} are computed, or fetched from this device, when you ask for them: ${how}.`, [{ label: `Open ${of.title}`, event: { type: "chose data", name: of.name, sure: true } }]);
  return true;
}

export function restart(turn: Turn, data = turn.state.data) {
  turn.commands.push({ do: "restart trainer" });
  turn.set({ dead: false, saves: [] });
  if (turn.state.choices.length > 0) openNow(turn, data); // else it is opened when it is known what there is
}

/** Back to the data before, and to the run that was shown. */
export function undo(turn: Turn) {
  const { undo: way } = turn.state;
  if (!way || busy(turn.state)) return;
  turn.set({ undo: undefined, wanted: { restore: way.run }, address: carried(turn.state) });
  openNow(turn, way.data);
}

/** Back, Forward, or a link pasted into the open tab. */
export function navigate(turn: Turn, hash: string) {
  if (hash === addressOf(turn.state)) return;
  const address = readAddress(hash);
  const data = address.data ?? turn.state.choices[0]?.name ?? "";
  turn.set({ panels: address.panels });
  if (data === turn.state.data && !busy(turn.state)) {
    turn.set({ problem: undefined });
    useAddress(turn, address);
    return propose(turn);
  }
  const run = turn.state.run;
  if (run?.planned) {
    const what = busy(turn.state) ? "This link has other settings than the run that goes on. Stop that run, and keep it beside the next?" : `Open ${title(turn, data)}? The run on this page is kept beside the next.`;
    return turn.ask(what, "Follow the link", { type: "followed", hash });
  }
  follow(turn, hash);
}

export function follow(turn: Turn, hash: string) {
  const { run, data } = turn.state;
  const address = readAddress(hash);
  const name = address.data ?? turn.state.choices[0].name;
  if (run?.planned && name !== data) turn.set({ undo: { data, run: run.id } });
  turn.set({ question: undefined, address });
  leaveFor(turn, name);
}
