// The training page: the form, the trainer, and what a run shows.
import { addressedData, addressedModel, putAddress, withAddress } from "../settings/address";
import { attackButton, showAudited } from "../results/attack";
import { Comparison } from "../run/comparison";
import { showConfusion } from "../results/confusion";
import { Curves } from "../run/curves";
import { type Choice, datasets } from "../trainer/datasets";
import { byId, eachFrame, el } from "../ui/dom";
import { EpsilonPanel } from "../run/epsilon-panel";
import * as format from "../ui/format";
import { keepLedger } from "../trainer/ledger-storage";
import { Log } from "../run/log";
import { Presets } from "../settings/presets";
import { Problem, type WayOut } from "../ui/problem";
import { showProgress } from "../run/progress";
import type { Config, DatasetInfo, EpochEvent, Event } from "../protocol";
import { type Run, type State, addEvent, lastEpoch, newRun, spent } from "../run/run";
import { Samples } from "../results/samples";
import { fallback, modelTitle, notPrivate } from "../settings/settings";
import { SettingsForm } from "../settings/settings-form";
import { Trainer } from "../trainer/client";
import { keepAwake } from "../ui/wake-lock";

const setup = byId<HTMLFormElement>("setup");
const dataSelect = byId<HTMLSelectElement>("data");
const buttons = Object.fromEntries(
  ["train", "pause", "step", "stop", "save", "restore"].map((id) => [id, byId<HTMLButtonElement>(id)]),
);
const curves = new Curves();
const epsilonPanel = new EpsilonPanel(byId("plan"), byId("meaning"));
const samples = new Samples(byId("samples"));
const log = new Log(byId("log"));
const problem = new Problem(byId("problem"));

let choices: Choice[] = [];
let dataset: DatasetInfo | undefined;
let preset = fallback; // what the address is compared with
let run: Run | undefined;
let state: State = "idle";
let ownRate: number | undefined; // of the optimiser that the mechanism brings
let starting = false; // asked to start, not heard of yet
let standing: { run?: Run; state: State } = { state }; // what a refused start gives back
let dead = false; // the trainer
let shownEpoch: EpochEvent | undefined;
let trainer = new Trainer(hear);

const form = new SettingsForm(setup, withAddress(fallback), (setting) => {
  if (setting.key === "model") useModel(form.config.model);
  if (setting.key === "mechanism") useOwnRate();
  keepAddress();
});
const presets = new Presets(byId("preset"), (config) => (usePreset(config.model), form.fill(config), keepAddress()));
const drawn = eachFrame(draw);
attackButton(byId("attack"), "Attack this mechanism", () => {
  const { config, dataset } = run!;
  const { mechanism, batchSize, clipNorm, epsilon, delta } = config;
  const epochs = Math.max(1, Math.round(config.epochs));
  return { mechanism: mechanism.name, params: mechanism.params, published: false, records: dataset.train, batchSize, epochs, clipNorm, epsilon, delta };
});
const comparison = new Comparison(drawn);

byId("learning").append(curves.accuracy.root, curves.loss.root, curves.trainLoss.root);
byId("spending").append(curves.epsilon.root);
curves.trainLoss.root.hidden = true;
// On a small screen the results would be far below; what has good defaults starts folded.
if (matchMedia("(max-width: 62rem)").matches) for (const fold of setup.querySelectorAll<HTMLDetailsElement>(".roomy")) fold.open = false;
dataSelect.addEventListener("change", () => open(dataSelect.value));
setup.addEventListener("submit", (event) => (event.preventDefault(), start()));
buttons.pause.addEventListener("click", () => trainer.send({ type: state === "paused" ? "resume" : "pause" }));
buttons.step.addEventListener("click", () => trainer.send({ type: "step" }));
buttons.stop.addEventListener("click", () => trainer.send({ type: "stop" }));
buttons.save.addEventListener("click", () => trainer.send({ type: "save" }));
buttons.restore.addEventListener("click", () => byId("restore-file").click());
byId<HTMLInputElement>("restore-file").addEventListener("change", restore);
// What a run has spent stays spent, and its model would be gone.
addEventListener("beforeunload", (event) => {
  if (run?.planned && (state === "running" || state === "paused")) event.preventDefault();
});

arrive();

async function arrive() {
  choices = await datasets();
  dataSelect.replaceChildren(...choices.map(({ name, title }) => el("option", { value: name }, title)));
  const wanted = addressedData() ?? choices[0].name;
  if (choices.some(({ name }) => name === wanted)) return open(wanted);
  open(choices[0].name);
  problem.show(`This site has no dataset called “${wanted}”. The built-in digits are loaded instead.`);
}

function open(name: string) {
  if (dead) return restart(name);
  const { source } = choices.find((choice) => choice.name === name)!;
  dataSelect.value = name;
  problem.clear();
  dataset = undefined;
  run = undefined;
  setState("loading");
  trainer.send({ type: "open", source });
}

function start() {
  if (dead) return problem.show("The trainer has stopped.", [again]);
  if (!dataset || !form.valid) return;
  problem.clear();
  begin(form.config);
  trainer.send({ type: "start", config: form.config });
}

function begin(config: Config) {
  standing = { run, state };
  run = newRun(config, dataset!);
  starting = true;
  samples.predict([]);
  setState("running");
}

function hear(event: Event) {
  if (run) addEvent(run, event);
  switch (event.type) {
    case "ready":
      return form.offerMechanisms(event.mechanisms ?? []);
    case "loading":
      return showLoading(event.loading!);
    case "dataset":
      return useDataset(event.dataset!);
    case "planned":
      form.fill(run!.config);
      keepAddress();
      log.add(planned());
      break;
    case "epoch":
      log.add(epochWords());
      byId("spoken").textContent = epochWords();
      break;
    case "state":
      if (event.state === "loading") dataset = undefined;
      if (starting && event.state === "idle") standing = { state: "idle" }; // the run before has made room
      if (run?.planned) starting = false;
      return starting ? undefined : setState(event.state!);
    case "done":
      log.add("The run has ended.");
      return setState("done");
    case "checkpoint":
      return download(event.checkpoint!);
    case "notice":
      return log.add(event.message!);
    case "error":
      return fail(event.message!, event.fatal);
  }
  drawn();
}

function showLoading({ done, total, what }: { done: number; total: number; what: string }) {
  byId<HTMLProgressElement>("progress").value = total ? done / total : 0;
  byId("progress-words").textContent = `${what}: ${Math.floor((100 * done) / (total || 1))} %`;
}

function useDataset(info: DatasetInfo) {
  dataset = info;
  byId("provenance").textContent = `${format.count(info.train)} to train on, ${format.count(info.test)} to test. ${info.provenance}`;
  presets.offer(info.presets);
  form.offer("model", info.models.map((name) => [name, modelTitle(name)]));
  const wanted = addressedModel();
  usePreset(wanted && info.models.includes(wanted) ? wanted : (info.presets[0]?.config.model ?? info.models[0]));
  form.fill(withAddress(preset));
  samples.show(info);
  byId("samples-panel").hidden = info.samples.length === 0;
  keepAddress();
  log.add(`${info.title} is loaded.`);
  drawn();
}

/** What the address is compared with. */
function usePreset(model: string) {
  preset = presets.of(model) ?? { ...fallback, model };
}

/** Another model brings how it is trained; what is promised, and how it is kept, stay as they were chosen. */
function useModel(model: string) {
  usePreset(model);
  if (!presets.of(model)) return;
  const { epochs, batchSize, clipNorm, optimizer, learningRate, momentum, schedule } = preset;
  form.fill({ ...form.config, epochs, batchSize, clipNorm, optimizer, learningRate: form.ownRate ?? learningRate, momentum, schedule });
}

/** A mechanism that brings its own optimiser brings a learning rate too, which leaves with it. */
function useOwnRate() {
  if (form.ownRate !== ownRate) form.fill({ ...form.config, learningRate: form.ownRate ?? preset.learningRate });
}

function keepAddress() {
  ownRate = form.ownRate;
  putAddress(dataSelect.value, form.config, preset);
  presets.show(form.config);
  drawn();
}

function setState(next: State) {
  state = next;
  const busy = state === "running" || state === "paused";
  const focused = document.activeElement;
  for (const part of setup.querySelectorAll("fieldset")) part.disabled = busy;
  buttons.train.disabled = busy || state === "loading" || !dataset;
  buttons.pause.disabled = !busy;
  buttons.pause.textContent = state === "paused" ? "Resume" : "Pause";
  buttons.step.hidden = state !== "paused";
  buttons.stop.disabled = !busy;
  buttons.restore.disabled = busy || !dataset || dead;
  document.body.dataset.state = state;
  // A button that is disabled under the finger hands the focus on.
  if (focused?.matches(":disabled")) (busy ? buttons.pause : buttons.train).focus();
  keepAwake(state === "running");
  if (state === "running") keepLedger((words) => log.add(words));
  draw();
}

function draw() {
  if (state !== "loading") showProgress(run, state);
  showPrivacy();
  const epsilon = run && spent(run);
  byId("tile-epsilon").textContent = epsilon === undefined ? "–" : format.epsilon(epsilon);
  byId("tile-target").textContent = format.epsilon((run?.config ?? form.config).epsilon);
  const epoch = run && lastEpoch(run);
  byId("tile-accuracy").textContent = epoch ? format.percent(epoch.accuracy) : "–";
  byId("tile-loss").textContent = epoch ? epoch.loss.toFixed(3) : "–";
  buttons.save.disabled = !run?.planned || dead;
  comparison.show(run);
  curves.show(run, comparison.kept);
  epsilonPanel.show(run, trainer);
  showAudited(byId("audited"), run);
  byId("attack").hidden = !run?.planned?.private;
  if (!run) byId("confusion-panel").hidden = true;
  if (!run || !epoch || epoch === shownEpoch) return;
  shownEpoch = epoch;
  samples.predict(epoch.predictions);
  showConfusion(byId("confusion"), run.dataset.classes, epoch.confusion);
  byId("confusion-panel").hidden = false;
}

/** The banner of a run that is not private; without such a run, of settings that would make one. */
function showPrivacy() {
  const ofRun = run?.planned?.notPrivate;
  const ofSettings = notPrivate(form.config).join("; ");
  byId("not-private").hidden = !ofRun && !ofSettings;
  byId("not-private-what").textContent = ofRun ? "This run is not private:" : "With these settings a run is not private:";
  byId("not-private-why").textContent = `${ofRun ?? ofSettings}.`;
}

function planned(): string {
  const { steps, noiseMultiplier, private: isPrivate } = run!.planned!;
  const noise = isPrivate ? `noise multiplier ${format.noise(noiseMultiplier)}` : "not private";
  return `Planned: ${format.count(steps)} steps, ${noise}.`;
}

function epochWords(): string {
  const { epoch, accuracy, epsilon } = lastEpoch(run!)!;
  const spent = run!.planned?.private === false ? "" : `, epsilon ${format.epsilon(epsilon)}`;
  return `Epoch ${Number(epoch.toFixed(2))}: test accuracy ${format.percent(accuracy)}${spent}.`;
}

const again: WayOut = { label: "Start the trainer again", act: () => restart() };

function fail(message: string, fatal = false) {
  log.add(message);
  if (dead) return; // its first words told why
  dead = fatal;
  if (dead) trainer.terminate(); // whatever of it still runs
  const refused = starting && !run?.planned; // the settings are to be changed, and the run before is still there
  problem.show(message, !dataset ? otherData() : refused && !dead ? [] : [again]);
  if (refused) {
    run = standing.run;
    shownEpoch = undefined; // its pictures were cleared
  }
  if (dead && run?.planned) run.over = true;
  if (!dataset || dead) setState("idle");
  else if (starting) setState(refused ? standing.state : "paused");
  starting = false;
}

/** The ways out where no data could be opened. */
function otherData(): WayOut[] {
  const retry = { label: "Try again", act: () => restart() };
  const first = choices[0]?.name; // the list of datasets may not have come
  const digits = { label: "Use the built-in digits", act: () => open(first) };
  return !first || dataSelect.value === first ? [retry] : [retry, digits];
}

/** A trainer that died takes nothing with it but the run: what it reserved stays in the ledger. */
function restart(data = dataSelect.value) {
  trainer.terminate();
  trainer = new Trainer(hear);
  dead = starting = false;
  if (choices.length > 0) open(data); // else arrive will, when it knows them
}

const maxCheckpoint = 2 ** 28 + 1024; // that of train/checkpoint.go, and its head

async function restore(event: globalThis.Event) {
  const input = event.target as HTMLInputElement;
  const file = input.files?.[0];
  input.value = ""; // so that the same file can be chosen again
  if (!file || !dataset) return;
  problem.clear();
  if (file.size > maxCheckpoint) return problem.show(`${file.name} has ${format.count(file.size)} bytes; no checkpoint has more than ${format.count(maxCheckpoint)}.`);
  try {
    const checkpoint = new Uint8Array(await file.arrayBuffer());
    if (buttons.restore.disabled) return; // a run was started, or other data opened, in the meantime
    begin(form.config);
    trainer.send({ type: "restore", checkpoint }, [checkpoint.buffer]);
  } catch (error) {
    problem.show(`${file.name} could not be read: ${(error as Error).message}`);
  }
}

function download(checkpoint: Uint8Array) {
  const url = URL.createObjectURL(new Blob([checkpoint as BlobPart]));
  const name = `cloister-${run?.config.model ?? "run"}-step-${run?.last?.step ?? 0}.checkpoint`;
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  log.add(`Saved ${name}.`);
}
