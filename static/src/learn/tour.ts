// Tutorial 5: a published claim, its true epsilon, the best attacker at both, and the noise that keeps the promise. Every figure is asked of the
// accountant; none is written down here but the claim. What was published cannot be told to a <cloister-trainer>, which trains privately or says
// that it does not: attacks and replays are panels of their own.
import "./tutorial";
import { attackButton } from "../results/attack";
import { joined } from "../ui/chart";
import { type Choice, datasets } from "../trainer/datasets";
import type { Answering } from "./question";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";
import { Problem } from "../ui/problem";
import type { AccountAnswer, PublishedMechanism } from "../protocol";
import { replayButton } from "../results/replay";
import { type Curve, power, tradeoffChart } from "../results/tradeoff";
import { Trainer } from "../trainer/client";

/** MLS-Bench, task optimization-dp-sgd, MNIST: what it states of its own runs. */
const claim = { sigma: 0.2385, epsilon: 3, delta: 1e-5, rate: 256 / 60000, steps: 5 * 234 };

const problem = new Problem(byId("problem"));
const trainer = new Trainer((event) => {
  if (event.type === "error") problem.show(event.message!);
  if (event.type === "ready") offer(event.published!);
});

const chart = tradeoffChart(["As published", "At a true ε = 3"], ["--alarm", "--accent"]);
byId("roc").append(chart.root);
const mechanism = byId<HTMLSelectElement>("mechanism");
const attack = byId<Answering>("attack-live");
const question = () => {
  const [kind, name] = mechanism.value.split(":");
  const { epsilon, delta } = claim;
  return { mechanism: name, published: kind === "published", records: 60000, batchSize: 256, epochs: 5, clipNorm: 1, epsilon, delta };
};
const attacked = attackButton(attack, "Attack it", question, (found) => (attack.answer = found?.correct));
mechanism.addEventListener("change", attacked);
const replayed = byId<HTMLSelectElement>("replay-mechanism");
const records = byId<HTMLSelectElement>("replay-data");
let choices: Choice[] = [];
const chosen = replayButton(byId("replay"), () => ({ mechanism: replayed.value, data: choices.find(({ name }) => name === records.value)! }));
for (const choice of [replayed, records]) choice.addEventListener("change", chosen);
enable();
offerData().catch((error) => problem.show(error.message));
tell().catch((error) => problem.show(error.message));

/** The mechanisms as the trainer knows them: each as published, and its version that keeps the promise. */
function offer(published: PublishedMechanism[]) {
  const option = (value: string, title: string) => el("option", { value }, title);
  mechanism.replaceChildren(
    el("optgroup", { label: "As published" }, ...published.map(({ name, title }) => option(`published:${name}`, `${title}, as published`))),
    el("optgroup", { label: "Sound, at a true ε = 3" }, ...published.map(({ sound, title }) => option(`sound:${sound}`, `${title}, sound`))),
  );
  replayed.replaceChildren(...published.map(({ name, title }) => option(name, title)));
  enable();
}

async function offerData() {
  choices = await datasets();
  records.replaceChildren(...choices.map(({ name, title }) => el("option", { value: name }, title)));
  enable();
}

/** The buttons are of no use before there is something to choose. */
function enable() {
  byId("attack-live").inert = mechanism.length === 0;
  byId("replay").inert = replayed.length === 0 || records.length === 0;
}

async function tell() {
  const { delta, epsilon } = claim;
  const truth = await trainer.ask({ kind: "epsilon", segments: segments(claim.sigma), delta });
  byId("true-bounds").textContent = `${format.epsilonLower(truth.lower)} ≤ ε ≤ ${format.epsilonUpper(truth.upper)}`;
  byId("true-words").textContent = `${Math.floor(truth.lower)} allows a factor of ${Math.floor(truth.lower / Math.LN10) + 1} digits.`;
  const found = await trainer.ask({ kind: "sigma", segments: segments("?"), delta, epsilon });
  byId("sound-sigma").textContent = `σ = ${format.noise(found.sigma!)}`;
  const [published, sound] = [await trace(truth), await trace(found)];
  showAttack(published, sound);
}

const trace = ({ segments }: AccountAnswer) => trainer.ask({ kind: "curve", segments });

function segments(sigma: number | "?"): string {
  return `${sigma}:${claim.rate}:${claim.steps}`;
}

function showAttack(published: AccountAnswer, sound: AccountAnswer) {
  const a = curve(published);
  const b = curve(sound);
  chart.set(joined([a.fpr, a.tpr], [b.fpr, b.tpr], [[0, 1], [0, 1]]), [0, 1]);
  const row = (name: string, of: (answer: AccountAnswer) => string) =>
    el("tr", {}, el("th", { scope: "row" }, name), ...[published, sound].map((answer) => el("td", {}, of(answer))));
  const found = (fpr: number) => (answer: AccountAnswer) => format.percentage(power(curve(answer), fpr));
  byId("attack").replaceChildren(
    el("thead", {}, el("tr", {}, el("td"), ...["As published", "At a true ε = 3"].map((text) => el("th", { scope: "col" }, text)))),
    el(
      "tbody",
      {},
      row("Members found, one false alarm in 1,000", found(0.001)),
      row("Members found, one false alarm in 100", found(0.01)),
      row("Advantage over a coin toss", ({ advantage = NaN }) => format.percentage(advantage)),
    ),
  );
}

function curve({ fpr = [], tpr = [] }: AccountAnswer): Curve {
  return { fpr, tpr };
}
