// Where a person writes a mechanism, and trains with it.
import { Problem, mostCode } from "../mechanism/room";
import { Workshop, titleOf, wordsOf } from "../mechanism/workshop";
import { Writing } from "../mechanism/writing";
import type { Config, DatasetInfo, Planned } from "../protocol";
import { modelTitle, notPrivate } from "../settings/settings";
import { readNumber, written } from "../settings/numbers";
import { type Run, lastEpoch } from "../state/run";
import { type Choice, datasets } from "../trainer/datasets";
import { byId, el, fill, say } from "../ui/dom";
import { download } from "../ui/download";
import * as format from "../ui/format";

interface Example {
  name: string;
  code: string;
  published: string; // the rule as it was published, in the benchmark's Python
}
declare const MECHANISMS: Example[]; // the build's, from mechanisms/

const seedsOf = [42, 123, 456, 789, 1011]; // the experiments'
const draft = "cloister mechanism"; // what is being written, kept in this browser

const example = byId<HTMLSelectElement>("example");
const fault = byId("fault");
const data = byId<HTMLSelectElement>("data");
const model = byId<HTMLSelectElement>("model");
const epsilon = byId<HTMLInputElement>("epsilon");
const epochs = byId<HTMLInputElement>("epochs");
const seeds = byId<HTMLSelectElement>("seeds");
const progress = byId<HTMLProgressElement>("progress");
const checkButton = byId<HTMLButtonElement>("check");
const train = byId<HTMLButtonElement>("train");
const stop = byId<HTMLButtonElement>("stop");

const editor = new Writing(byId("editor"), changed);
let choices: Choice[] = [];
let unread = false; // code came by a link or a file, and nobody has read it yet
let accepted: (() => void) | undefined; // who waits for code to be read before it runs
let refused: (() => void) | undefined;
let asked = ""; // model that the address states
let placing = false; // the page writes into the editor, not a person
let stopped = false;
let finished: Run[] = [];
const workshop = new Workshop(showRun, (words) => say(byId("said"), words));

// ---- code

function put(code: string, from?: string) {
  placing = true;
  if (editor.text() !== code) editor.write(code);
  placing = false;
  unread = from !== undefined;
  byId("shared").hidden = !unread;
  if (from) say(byId("shared-words"), `This code came ${from}. It cannot see your records, and cannot reach the network; it can waste budget. Read it before it runs.`);
  show();
}

byId("accept").addEventListener("click", () => {
  unread = false;
  byId("shared").hidden = true;
  accepted?.();
  accepted = refused = undefined;
  show();
});

example.append(el("option", { value: "" }, "Begin with an example ..."), ...MECHANISMS.map(({ code }, i) => el("option", { value: String(i) }, titleOf(code))));
example.addEventListener("change", () => {
  const chosen = MECHANISMS[Number(example.value)];
  if (example.value !== "" && chosen) begin(chosen);
});

function begin({ code, published }: Example) {
  put(code);
  say(byId("published"), published);
}

byId("share").addEventListener("click", async () => {
  const link = `${location.href.replace(/#.*/, "")}#${new URLSearchParams({ data: data.value, model: model.value, epsilon: epsilon.value, epochs: epochs.value, code: editor.text() })}`;
  await navigator.clipboard.writeText(link).catch(() => {});
  history.replaceState(null, "", link);
  say(byId("said"), "The link is in the address bar, and copied where the browser allows it. The code is in it; no server sees it.");
});
byId("save").addEventListener("click", () => download(new Blob([editor.text()], { type: "text/javascript" }), `${titleOf(editor.text()).replace(/[^\w-]+/g, "-").toLowerCase()}.js`));
byId<HTMLInputElement>("open").addEventListener("change", async ({ target }) => {
  const field = target as HTMLInputElement;
  const [file] = field.files ?? [];
  field.value = "";
  if (!file || busy()) return;
  if (/\.js$|javascript/.test(file.name + file.type)) {
    if (file.size > mostCode) return complain(new Problem(`The file has ${file.size} bytes, at most ${mostCode}.`));
    return put(await file.text(), "from a file");
  }
  await act(async () => {
    const run = await workshop.restore(new Uint8Array(await file.arrayBuffer()), async (code) => {
      put(code, "with a checkpoint");
      await new Promise<void>((go, no) => {
        accepted = go;
        refused = () => no(new Problem("The code was not run."));
      });
      return titleOf(code);
    });
    finished = [run];
  });
});

/** What a person has written is kept; what came by a link is not theirs until they have read it. */
function changed() {
  complain();
  if (placing || unread) return;
  try {
    localStorage.setItem(draft, editor.text());
  } catch {} // no storage here
}

function kept(): string | null {
  try {
    return localStorage.getItem(draft);
  } catch {
    return null; // no storage here
  }
}

// ---- runs

function configuration(seed?: number): Config {
  const number = (field: HTMLInputElement, label: string) => {
    const reading = readNumber(label, field.value);
    if ("words" in reading) throw new Problem(reading.words);
    return reading.value!;
  };
  const config = { ...workshop.settings(model.value, editor.text()), epsilon: number(epsilon, "Epsilon"), epochs: number(epochs, "Epochs") };
  return seed === undefined ? config : { ...config, seed };
}

checkButton.addEventListener("click", () => act(async () => showPlan(await workshop.plan(configuration()))));
stop.addEventListener("click", () => {
  stopped = true;
  if (!refused) return workshop.stop();
  refused();
  accepted = refused = undefined;
});
byId("run").addEventListener("submit", (event) => {
  event.preventDefault();
  void act(async () => {
    if (unread) throw new Problem("The code is to be read first.");
    const wanted = seedsOf.slice(0, Number(seeds.value));
    const title = titleOf(editor.text());
    const runs = (wanted.length > 0 ? wanted : [undefined]).map(configuration); // the code as it stands now, whatever is written meanwhile
    for (const config of runs) {
      finished.push(await workshop.train(config, title));
      if (stopped) break;
    }
  });
});

/** Does something with the trainer; what goes wrong is shown where the code is. */
async function act(what: () => Promise<unknown>) {
  if (busy()) return;
  complain();
  stopped = false;
  finished = [];
  document.body.dataset.state = "busy";
  show();
  try {
    await what();
    await workshop.settled();
  } catch (error) {
    complain(error as Error);
  }
  document.body.dataset.state = "idle";
  show();
}

const busy = () => document.body.dataset.state === "busy";

function complain(error?: Error) {
  fault.hidden = !error;
  say(fault, error ? wordsOf(error) : "");
  editor.mark(error && lineOf(error), error?.message);
}

/** Where an error is: the line that it names, or where the method stands that answered wrongly. */
function lineOf(error: Error): number | undefined {
  if (error instanceof Problem && error.line) return error.line;
  const method = /\b(plan|ask|filter)\b/i.exec(error.message)?.[1].toLowerCase();
  const at = method ? editor.text().split("\n").findIndex((line) => new RegExp(`^\\s*${method}\\s*[(=]`).test(line)) : -1;
  return at >= 0 ? at + 1 : undefined;
}

function showPlan(planned: Planned) {
  const { noiseMultiplier, steps, epsilonUpper, bands, delta } = planned;
  fill(byId("figures"), [
    ["Epsilon, at most", format.epsilon(epsilonUpper)],
    ["Delta", format.delta(delta)],
    ["Noise multiplier of the first step", format.noise(noiseMultiplier)],
    ["Steps", format.count(steps)],
    ...(bands > 1 ? [["Bands of correlated noise", format.count(bands)] as [string, string]] : []),
  ]);
}

function showRun() {
  const { run } = workshop;
  if (!run?.planned) return;
  const done = run.last?.step ?? 0;
  progress.value = done / run.planned.steps;
  const epoch = lastEpoch(run);
  const earlier = finished.filter((r) => r !== run && lastEpoch(r)).map((r) => format.percent(lastEpoch(r)!.accuracy));
  const marked = notPrivate(run.config);
  fill(byId("figures"), [
    ["Accuracy", epoch ? format.percent(epoch.accuracy) : "–"],
    ...(earlier.length > 0 ? [["With earlier seeds", earlier.join(", ")] as [string, string]] : []),
    ["Epsilon, at most", run.planned.private || run.config.seed !== undefined ? format.epsilon(run.planned.epsilonUpper) : "none"],
    ["Clip norm", run.last ? format.figure(run.last.clipNorm) : "–"],
    ["Noise multiplier of the first step", format.noise(run.planned.noiseMultiplier)],
    ["Steps", `${format.count(done)} of ${format.count(run.planned.steps)}`],
    ...(marked.length > 0 ? [["Not private", marked.join("; ")] as [string, string]] : []),
  ]);
}

function show() {
  const now = busy();
  for (const field of [checkButton, train]) field.disabled = now || unread || !workshop.dataset;
  for (const field of [data, model, epsilon, epochs, seeds, example]) field.disabled = now;
  stop.hidden = progress.hidden = !now;
  byId("after").hidden = now || finished.length === 0;
  byId<HTMLAnchorElement>("standing").href = `leaderboard.html#${new URLSearchParams({ data: data.value })}`;
}

// ---- data

async function open() {
  document.body.dataset.state = "busy";
  show();
  const choice = choices.find(({ name }) => name === data.value) ?? choices[0];
  try {
    const dataset = await workshop.open(choice.name, choice.source);
    offer(dataset);
  } catch (error) {
    complain(error as Error);
  }
  document.body.dataset.state = "idle";
  show();
}

function offer({ models, presets, replay }: DatasetInfo) {
  const usual = models.find((name) => name === asked) ?? replay?.model ?? models.find((name) => presets.some(({ config }) => config.model === name)) ?? models[0];
  model.replaceChildren(...models.map((name) => el("option", { value: name, selected: name === usual }, modelTitle(name))));
  const config = replay ?? presets.find(({ config }) => config.model === usual)?.config;
  if (epsilon.value === "") epsilon.value = written(config?.epsilon ?? 3);
  if (epochs.value === "") epochs.value = written(config?.epochs ?? 5);
}

data.addEventListener("change", open);

/** What the address states: data and settings, an example by its name, or code. */
function address(): boolean {
  const { data: named, mechanism, code, ...stated } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (choices.some(({ name }) => name === named)) data.value = named;
  asked = stated.model ?? asked;
  for (const field of [model, epsilon, epochs, seeds]) {
    const value = stated[field.id];
    if (value !== undefined && (field instanceof HTMLInputElement || [...field.options].some((option) => option.value === value))) field.value = value;
  }
  const known = MECHANISMS.find(({ name }) => name === mechanism);
  if (code !== undefined) put(code, "with a link");
  else if (known) begin(known);
  return code !== undefined || known !== undefined;
}

async function arrive() {
  choices = await datasets();
  data.replaceChildren(...choices.map(({ name, title }) => el("option", { value: name }, title)));
  begin(MECHANISMS[0]);
  const own = !address() && kept();
  if (own) put(own);
  await open();
}

addEventListener("hashchange", () => {
  if (busy()) return say(byId("said"), "The address was not followed: a run goes on.");
  const before = data.value;
  address();
  if (data.value !== before) void open();
});
void arrive().catch(complain);
