// The accountant's page: a question from a form, its answer from the trainer's accountant. No data is opened.
import { Answer, smaller } from "../accountant/answer";
import { checkCertificates } from "../accountant/check";
import { Comparison } from "../accountant/comparison";
import { type By, type Kind, asks, fields, inWords, read, writeRows } from "../accountant/question";
import { Schedule } from "../accountant/schedule";
import type { AccountAnswer } from "../protocol";
import type { AccountError } from "../trainer/account-error";
import { Trainer } from "../trainer/client";
import { byId, debounced, el, idle, pause } from "../ui/dom";
import { count, figure, given, noise } from "../ui/format";
import { Problem } from "../ui/problem";

const form = byId<HTMLFormElement>("question");
form.addEventListener("submit", (event) => event.preventDefault());
checkCertificates();
const problem = new Problem(byId("problem"));
await idle(); // the trainer takes what processors there are
const trainer = new Trainer((event) => {
  if (event.type === "error") problem.show(event.message!);
});
await pause();
const answer = new Answer(new Comparison(byId("tradeoff")));
await pause();
const schedule = new Schedule(byId("schedule"), (segments) => trainer.ask({ kind: "schedule", segments }), (kind) => {
  if (kind) fill({ kind, by: "schedule" });
  asked();
});

let latest = 0;

const mnist = { by: "run", records: "60000", batch: "256", epochs: "5", delta: "1e-5" };
const examples: [string, Record<string, string>][] = [
  ["MNIST, 5 epochs at ε = 3", { kind: "epsilon", sigma: "0.6508", ...mnist }],
  ["A benchmark's “ε = 3”", { kind: "epsilon", sigma: "0.2385", ...mnist }],
  ["Full batch, 100 steps", { kind: "sigma", by: "steps", epsilon: "3", q: "1", steps: "100", delta: "1e-5" }],
  ["Noise that decays", { kind: "sigma", by: "schedule", epsilon: "3", delta: "1e-5", segments: "?:0.00426666666667:585; 0.8*?:0.00426666666667:585" }],
];

byId("examples").append(...examples.map(([label, values]) => el("button", { type: "button", class: "quiet", click: () => put(values) }, label)));
form.addEventListener("input", (event) => {
  if (!(event.target as Element).closest("#schedule")) asked(); // the schedule tells of its own changes
});
addEventListener("hashchange", () => put(addressed())); // a link that is pasted into an open tab

/** What the address states. Links of before say nothing of how the run is described. */
function addressed(): Record<string, string> {
  const words = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const by = words.segments ? "schedule" : words.q || words.steps ? "steps" : "run";
  return { by, ...words };
}

/** Fills in what is stated and asks. */
function put(values: Record<string, string>) {
  fill(values);
  if (values.segments) void schedule.read(values.segments);
  else asked();
}

function fill(values: Record<string, string>) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    if (field instanceof RadioNodeList || field instanceof HTMLInputElement) field.value = value;
  }
}

function stated(name: string): string {
  return String(new FormData(form).get(name) ?? "");
}

const kind = () => stated("kind") as Kind;
const by = () => stated("by") as By;

/** The question has changed: what is shown is old at once, and the next one is asked when the person pauses. */
function asked() {
  latest++;
  for (const part of form.querySelectorAll<HTMLElement>("[data-for]")) part.hidden = !asks(part.dataset.for!, kind(), by());
  for (const part of form.querySelectorAll<HTMLElement>("[data-by]")) part.hidden = part.dataset.by !== by();
  schedule.ask(kind());
  const faults = check();
  if (faults) answer.none("No answer yet: what is marked needs mending.");
  else answer.old();
  if (!faults) askSoon();
}

const askSoon = debounced(300, () => void ask());

/** Marks what cannot be right; says whether anything is. */
function check(): boolean {
  const { faults } = read(kind(), by(), texts());
  for (const name of Object.keys(fields)) {
    const fault = byId(`${name}-fault`);
    fault.textContent = faults[name] ?? "";
    fault.hidden = !faults[name];
    (form.elements.namedItem(name) as HTMLInputElement).setAttribute("aria-invalid", String(!fault.hidden));
  }
  const rows = by() === "schedule" ? writeRows(kind(), schedule.rows).faults : {};
  schedule.mark(rows);
  return Object.keys(faults).length + Object.keys(rows).length > 0;
}

const texts = () => Object.fromEntries(Object.keys(fields).map((name) => [name, stated(name)]));

async function ask() {
  const mine = latest;
  const current = () => mine === latest;
  const asking = kind();
  const { values } = read(asking, by(), texts());
  const { epsilon, delta } = values;
  try {
    const run = await describe(asking, values);
    if (!current()) return;
    const found = await trainer.ask({ kind: asking, segments: run.segments, delta, epsilon });
    if (!current()) return;
    problem.clear();
    const words = inWords({ ...run, delta, sigma: found.sigma ? noise(found.sigma) : values.sigma === undefined ? undefined : given(values.sigma) });
    answer.show(asking, found, words);
    history.replaceState(null, "", `#${address()}`);
    await pause();
    await trace(found, words, current);
  } catch (error) {
    if (!current()) return;
    answer.none("No answer");
    refused(error as AccountError);
  }
}

/** The run that is asked about, as the accountant reads it, and what of it is said in words. */
async function describe(asking: Kind, values: Record<string, number>): Promise<{ segments: string; rate?: number; steps?: number; stretches: number }> {
  if (by() === "schedule") return { segments: writeRows(asking, schedule.rows).text, stretches: schedule.rows.length };
  let { q: rate, steps, sigma } = values;
  if (by() === "run") {
    const { records, batch: batchSize, epochs } = values;
    const counted = await trainer.ask({ kind: "steps", records, batchSize, epochs });
    [rate, steps] = [counted.rate!, counted.steps ?? 0];
    say("derived", `That is a sampling rate of ${figure(rate, 6)} and ${count(steps)} steps. An incomplete batch makes no step.`);
  }
  return { segments: `${asking === "sigma" ? "?" : sigma}:${rate}:${steps}`, rate, steps, stretches: 1 };
}

// The attacker is a part of its own: where it cannot be worked out, the bounds stand.
async function trace({ segments, upper, rdp }: AccountAnswer, words: string, current: () => boolean) {
  try {
    const curve = await trainer.ask({ kind: "curve", segments });
    if (current()) answer.showCurve(curve, smaller(upper, rdp), words);
  } catch (error) {
    if (current()) answer.noCurve((error as Error).message);
  }
}

function refused({ message, segment }: AccountError) {
  if (segment && by() === "schedule") schedule.mark({ [segment - 1]: message });
  else problem.show(message);
}

/** What the address says of the question: what is asked, and nothing else. */
function address(): URLSearchParams {
  const names = Object.keys(fields).filter((name) => asks(name, kind(), by()));
  const words: [string, string][] = [["kind", kind()], ["by", by()], ...names.map((name): [string, string] => [name, stated(name)])];
  if (by() === "schedule") words.push(["segments", writeRows(kind(), schedule.rows).text]);
  return new URLSearchParams(words);
}

function say(id: string, words: string) {
  if (byId(id).textContent !== words) byId(id).textContent = words;
}

put(addressed());
form.classList.remove("unmade");
