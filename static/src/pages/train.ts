// The training page: events go into the one state, commands come out of it, panels draw it.
import { FeaturesPanel } from "../features/panel";
import { dropData, keepData, keptData } from "../kept/data";
import { forgetEverything } from "../kept/forget";
import { Keeper } from "../kept/keeper";
import { KeptPanel } from "../kept/panel";
import { KeptRuns } from "../kept/runs";
import { OwnPanel } from "../owndata/panel";
import type { Config, Event, Request } from "../protocol";
import { attackButton, showAudited } from "../results/attack";
import { showConfusion } from "../results/confusion";
import { Samples } from "../results/samples";
import { TryPanel } from "../results/try";
import { Bar } from "../run/bar";
import { BudgetDrawer } from "../run/budget";
import { Curves } from "../run/curves";
import { listenForBell, tellEnd } from "../run/end";
import { showHeadline } from "../run/headline";
import { RunList } from "../run/list";
import { showLog } from "../run/log";
import { PromisePanel } from "../run/promise";
import { SweepPanel } from "../run/sweep";
import { SettingsForm } from "../settings/form";
import { showReceipt } from "../settings/receipt";
import { notPrivate } from "../settings/settings";
import { KeepPanel } from "../take/keep";
import { Taker } from "../take/taker";
import { type Command, type PageEvent, type State, initial } from "../state/model";
import { reduce } from "../state/reduce";
import { type Run, wouldLose } from "../state/run";
import { watching } from "../state/watch";
import { Trainer } from "../trainer/client";
import { type Choice, datasets } from "../trainer/datasets";
import { keepLedger } from "../trainer/ledger-storage";
import { Requests } from "../trainer/requests";
import { byId, eachFrame, pause, say, sparing } from "../ui/dom";
import { download } from "../ui/download";
import { listenForHelp } from "../ui/help";
import { Notices } from "../ui/notices";
import { keepAwake } from "../ui/wake-lock";

void document.fonts.load('1em "Source Serif 4"', "ε"); // Greek letters too, before anything is trained: nothing is fetched during a run

let state = initial;
const panels: ((state: State, insist?: boolean) => void)[] = [];
const drawSoon = eachFrame(() => void draw());
const drawAtLeisure = sparing(0.02, draw);
let drawing = false;
let drawAgain = false;
let folds: string[] | undefined; // those drawn last
let trainer = newTrainer();
let forgotten = false;

// News of a run that goes on as before.
const goesOn = new Set<string>(["step", "epoch", "safepoint", "stored"] satisfies (Event["type"] | PageEvent["type"])[]);
// What no person did, and the trainer did not say.
const comes = new Set<PageEvent["type"]>(["arrived", "found kept", "stored", "kept data"]);

const form = new SettingsForm(dispatch);
await pause();
const bar = new Bar(dispatch);
const curves = new Curves(byId("learning"), byId("spending"), dispatch);
fitRail();
await pause(); // what is in view is there: the browser may show it
const promise = new PromisePanel();
const taker = new Taker();
const save = (bytes: Uint8Array, name: string) => download(new Blob([bytes as BlobPart]), name);
const keep = new KeepPanel(() => trainer, taker, save, dispatch);
const tryPanel = new TryPanel(() => trainer, taker);
const samples = new Samples((sample) => tryPanel.take(sample));
await pause();
const list = new RunList(dispatch);
const sweep = new SweepPanel(dispatch);
const keeper = new Keeper();
const kept = new KeptRuns(keeper, dispatch);
const storage = new KeptPanel(keeper, dispatch);
const budget = new BudgetDrawer(dispatch, () => trainer, save);
const notices = new Notices(dispatch);
const requests = new Requests();
const features = new FeaturesPanel(dispatch);
const freshVerdict = attackButton(byId("attack"), "Attack this mechanism", () => attackOn(state.run!));

const shows: ((state: State) => unknown)[] = [
  (s) => bar.show(s), (s) => form.show(s), (s) => form.showMechanism(s), (s) => showReceipt(s, dispatch), showHeadline, (s) => curves.show(s), (s) => promise.show(s, trainer),
  (s) => samples.show(s), (s) => tryPanel.show(s), (s) => keep.show(s), (s) => list.show(s), (s) => storage.show(s), (s) => sweep.show(s),
  (s) => budget.show(s), (s) => notices.show(s), (s) => requests.show(s), (s) => features.show(s), showLog, showPrivacy, showConfusion,
  ({ run }) => showAudited(byId("audited"), run),
  ({ run }) => run?.planned && freshVerdict(),
  ({ spoken }) => say(byId("spoken"), spoken),
  ({ phase }) => keepAwake(phase === "running"),
];
panels.push(...shows.map((show) => watching<State>(show)));

/**
 * Everything that happens comes through here. What a person did shows at once, what the trainer says with the next frame,
 * and how a run goes on as often as two parts in a hundred of the time allow: drawing takes the processor from training.
 */
function dispatch(event: PageEvent) {
  const next = reduce(state, event);
  state = next.state;
  for (const command of next.commands) perform(command);
  const news = event.type === "heard" ? event.event.type : event.type;
  if (state.phase === "running" && goesOn.has(news)) drawAtLeisure();
  else if (event.type === "heard" || comes.has(event.type)) drawSoon();
  else drawNow();
}

function newTrainer(): Trainer {
  return new Trainer((event) => dispatch({ type: "heard", event }));
}

function perform(command: Command) {
  switch (command.do) {
    case "send":
      return send(command.request);
    case "end trainer":
      return trainer.terminate();
    case "restart trainer":
      trainer.terminate();
      trainer = newTrainer();
      return;
    case "put address":
      return history[command.push ? "pushState" : "replaceState"](null, "", command.hash);
    case "download":
      return save(command.bytes, command.name);
    case "keep":
      return kept.keep(command.run, command.checkpoint, command.handedOver);
    case "take kept":
      return void kept.take(command.run);
    case "remove kept":
      return void kept.remove(command.key);
    case "download kept":
      return void downloadKept(command.run, command.name);
    case "keep data":
      return void keepOwn(command.choice, command.on);
    case "forget everything":
      return void forget();
    case "focus":
      queueMicrotask(() => form.focus(command.field)); // when it shows what is wrong with it
      return;
    case "tell end":
      return tellEnd(command.words);
  }
  command satisfies never;
}

/** A run begins in the ledger when this browser knows of it, so that whatever a crash leaves can be told. */
async function send(request: Request) {
  if (request.type !== "start" && request.type !== "restore") return trainer.send(request);
  const asked = trainer;
  await kept.settled();
  if (asked === trainer) asked.send(request);
}

async function downloadKept(run: Run, name: string) {
  try {
    const bytes = await kept.checkpoint(run);
    if (!bytes) throw new Error("it is not there any more");
    save(bytes, name);
  } catch (error) {
    dispatch({ type: "failed", words: `${name} could not be saved: ${(error as Error).message}.` });
  }
}

async function keepOwn(choice: Choice, on: boolean) {
  try {
    await (on ? keepData(keeper, choice) : dropData(keeper, choice.name));
    dispatch({ type: "kept data", name: choice.name, on });
  } catch (error) {
    dispatch({ type: "kept data", name: choice.name, on: false });
    dispatch({ type: "failed", words: `${choice.title} could not be kept: ${(error as Error).message}.` });
  }
}

/** All of it goes, and the page begins anew. */
async function forget() {
  trainer.terminate();
  try {
    await kept.settled();
    await forgetEverything(keeper);
    forgotten = true;
    history.replaceState(null, "", location.pathname);
    location.reload();
  } catch (error) {
    dispatch({ type: "failed", words: `Not everything could be forgotten: ${(error as Error).message}. Clear this site's data in the browser's own settings.` });
  }
}

/** Everything: a person may have changed what shows it. */
function drawNow() {
  openFolds();
  for (const show of panels) show(state, true);
  begun();
}

/** What shows a part of the state that is new, and never for long: what a person does meanwhile comes between. */
async function draw() {
  drawAgain = drawing;
  if (drawing) return;
  drawing = true;
  try {
    do {
      drawAgain = false;
      openFolds();
      let since = performance.now();
      for (const show of panels) {
        show(state);
        if (performance.now() - since < 4) continue;
        await pause();
        since = performance.now();
      }
    } while (drawAgain);
  } finally {
    drawing = false;
  }
  begun();
}

/** A press opens a fold at once, and is told a moment later: what is drawn in between leaves it open. */
function openFolds() {
  if (state.panels === folds) return;
  folds = state.panels;
  for (const fold of document.querySelectorAll<HTMLDetailsElement>("[data-panel]")) fold.open = state.panels.includes(fold.dataset.panel!);
}

function begun() {
  if (state.phase === "running") keepLedger((words) => dispatch({ type: "heard", event: { type: "notice", message: words } }));
}

/** The banner of a run that is not private; without such a run, of settings that would make one. */
function showPrivacy({ run, settings: { config } }: State) {
  const ofRun = run?.planned?.notPrivate;
  const ofSettings = notPrivate(config).join("; ");
  byId("not-private").hidden = !ofRun && !ofSettings;
  say(byId("not-private-what"), ofRun ? "This run is not private:" : "With these settings a run is not private:");
  say(byId("not-private-why"), `${ofRun ?? ofSettings}.`);
}

function attackOn({ config, dataset }: Run) {
  const { mechanism, fullBatch, clipNorm, epsilon, delta }: Config = config;
  const epochs = Math.max(1, Math.round(config.epochs));
  return { mechanism: mechanism.name, params: mechanism.params, published: false, records: dataset.train, batchSize: fullBatch ? dataset.train : config.batchSize, epochs, clipNorm, epsilon, delta };
}

async function openCheckpoint(input: HTMLInputElement) {
  const file = input.files?.[0];
  input.value = ""; // so that the same file can be chosen again
  if (!file) return;
  if (state.problem) dispatch({ type: "dismissed" }); // it was about something else
  try {
    dispatch({ type: "opened checkpoint", name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  } catch (error) {
    dispatch({ type: "failed", words: `${file.name} could not be read: ${(error as Error).message}` });
  }
}

/** On a small screen settings are folded, so that what is learned comes first. */
function fitRail() {
  const small = matchMedia("(max-width: 62rem)");
  const fit = () => (byId<HTMLDetailsElement>("rail").open = !small.matches);
  small.addEventListener("change", fit);
  fit();
  byId("setup").classList.remove("unmade");
}

/** What this browser kept is known before anything can begin. */
async function arrive() {
  const [choices, keptOwn] = await Promise.all([datasets(), keptData(keeper).catch(() => []), kept.find()]);
  dispatch({ type: "arrived", choices: [...choices, ...keptOwn], hash: location.hash, session: crypto.randomUUID?.() ?? String(Math.random()).slice(2) });
  if (state.panels.includes("own")) own.open();
}

const own = new OwnPanel(dispatch, () => trainer, (name) => state.choices.some((choice) => choice.name === name));
listenForHelp(byId("main"));
listenForBell();
byId("restore").addEventListener("click", () => byId("restore-file").click());
byId("restore-file").addEventListener("change", ({ target }) => openCheckpoint(target as HTMLInputElement));
for (const fold of document.querySelectorAll<HTMLDetailsElement>("[data-panel]")) {
  fold.addEventListener("toggle", () => {
    const name = fold.dataset.panel!;
    if (fold.open !== state.panels.includes(name)) dispatch({ type: "turned panel", name, open: fold.open });
  });
}
addEventListener("popstate", () => dispatch({ type: "navigated", hash: location.hash }));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && dispatch({ type: "looked" }));
// What a run has spent stays spent, and its model would be gone; and what was written beside a run.
addEventListener("beforeunload", (event) => {
  const coming = state.saves.includes("keep"); // the model of a run that has just ended
  if (!forgotten && (coming || kept.busy || [state.run, ...state.kept.filter((run) => run.over)].some(wouldLose))) event.preventDefault();
});

if (location.protocol === "file:") {
  byId("progress-words").textContent = "This page needs to be served.";
  notices.show({ ...state, problem: { words: "A browser gives a page that is opened as a file neither workers nor WebAssembly. Serve this folder, for example with “make run” or any web server, and open its address.", ways: [] } });
} else {
  void arrive();
}
