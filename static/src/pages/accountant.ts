// The accountant's page: a question from a form, its answer from the trainer's accountant. No data is opened.
import { byId, debounced, el } from "../ui/dom";
import * as format from "../ui/format";
import { Problem } from "../ui/problem";
import type { AccountAnswer, AccountQuestion } from "../protocol";
import { type Curve, genericPosterior, posterior, power, tradeoffChart } from "../results/tradeoff";
import { Trainer } from "../trainer/client";

const form = byId<HTMLFormElement>("question");
const problem = new Problem(byId("problem"));
const chart = tradeoffChart("Members found, at most");
const trainer = new Trainer((event) => {
  if (event.type === "error") problem.show(event.message!);
});

interface Answered extends Curve {
  epsilon: number;
  advantage: number;
}

let answered: Answered | undefined;
let latest = 0;

const examples: [string, Record<string, string>][] = [
  ["MNIST, 5 epochs at ε = 3", { kind: "epsilon", sigma: "0.6508", q: "0.00426666666667", steps: "1170", delta: "1e-5", segments: "" }],
  ["A benchmark's “ε = 3”", { kind: "epsilon", sigma: "0.2385", q: "0.00426666666667", steps: "1170", delta: "1e-5", segments: "" }],
  ["Full batch, 100 steps", { kind: "sigma", epsilon: "3", q: "1", steps: "100", delta: "1e-5", segments: "" }],
  ["Noise that decays", { kind: "sigma", epsilon: "3", delta: "1e-5", segments: "1*?:0.00426666666667:585;0.8*?:0.00426666666667:585" }],
];

byId("tradeoff").append(chart.root);
document.querySelector(".examples")!.append(
  ...examples.map(([label, values]) => el("button", { type: "button", class: "quiet", click: () => (fill(values), ask()) }, label)),
);
form.addEventListener("input", debounced(300, ask));
form.addEventListener("submit", (event) => event.preventDefault());
byId("prior").addEventListener("input", showPoints);
byId("derive").addEventListener("click", derive);

fill(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
ask();

function fill(values: Record<string, string>) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    if (field instanceof RadioNodeList || field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value;
  }
  byId<HTMLDetailsElement>("schedule-fold").open = stated("segments") !== "";
}

function stated(name: string): string {
  return String(new FormData(form).get(name) ?? "").trim();
}

function derive() {
  const value = (id: string) => Number(byId<HTMLInputElement>(id).value);
  const [records, batch, epochs] = ["records", "batch", "epochs"].map(value);
  if (!(records >= 1 && batch >= 1 && batch <= records && epochs > 0)) {
    return problem.show("Records, batch size and epochs must be positive, and a batch no larger than the records.");
  }
  fill({ q: String(Number((batch / records).toPrecision(12))), steps: String(Math.max(1, Math.round(epochs * Math.floor(records / batch)))), segments: "" });
  ask();
}

function question(): AccountQuestion {
  const kind = stated("kind") as "epsilon" | "sigma";
  const sigma = kind === "sigma" ? "?" : stated("sigma");
  return {
    kind,
    segments: stated("segments") || `${sigma}:${stated("q")}:${stated("steps")}`,
    delta: Number(stated("delta")),
    epsilon: kind === "sigma" ? Number(stated("epsilon")) : undefined,
  };
}

async function ask() {
  const mine = ++latest;
  const asked = question();
  for (const part of form.querySelectorAll<HTMLElement>("[data-for]")) part.hidden = part.dataset.for !== asked.kind;
  byId("answer-kicker").textContent = "Working it out …";
  try {
    const answer = await trainer.ask(asked);
    if (mine !== latest) return;
    problem.clear();
    showAnswer(asked, answer);
    history.replaceState(null, "", `#${new URLSearchParams([...new FormData(form)] as [string, string][])}`);
    const segments = asked.segments.replace(/(?:([\d.e+-]+)\*)?\?/g, (_, factor) => String(answer.sigma! * Number(factor ?? 1)));
    const curve = await trainer.ask({ kind: "curve", segments, delta: asked.delta });
    if (mine !== latest) return;
    showCurve(answer.upper, curve);
  } catch (error) {
    if (mine !== latest) return;
    byId("answer-kicker").textContent = "No answer";
    byId("answer-bounds").textContent = "–";
    byId("answer-words").textContent = "";
    problem.show((error as Error).message);
  }
}

function showAnswer({ kind, delta }: AccountQuestion, { lower, upper, rdp, sigma }: AccountAnswer) {
  const between = `${format.epsilonLower(lower)} ≤ ε ≤ ${format.epsilonUpper(upper)}`;
  const rest = `at δ = ${format.figure(delta)}. The older bound by Rényi divergence (RDP) would say ${format.epsilon(rdp)}.`;
  if (kind === "epsilon") {
    byId("answer-kicker").textContent = "Epsilon of the whole run";
    byId("answer-bounds").textContent = between;
    byId("answer-words").textContent = rest[0].toUpperCase() + rest.slice(1);
  } else {
    byId("answer-kicker").textContent = "Noise multiplier needed";
    byId("answer-bounds").textContent = `σ = ${format.noise(sigma!)}`;
    byId("answer-words").textContent = `It gives ${between} ${rest}`;
  }
}

function showCurve(epsilon: number, { fpr = [], tpr = [], advantage = 0 }: AccountAnswer) {
  answered = { epsilon, fpr, tpr, advantage };
  chart.set([fpr, tpr, fpr], [0, 1]);
  byId("meaning").textContent =
    `Given the model and all records but one, an attacker who guesses whether that one took part beats a coin toss by at most ` +
    `${format.percent(advantage, 1)} (true accusations less false ones).`;
  showPoints();
}

function showPoints() {
  if (!answered) return;
  const prior = Number(byId<HTMLInputElement>("prior").value) / 100;
  if (!(prior > 0 && prior < 1)) return;
  const { epsilon } = answered;
  const rows = [0.001, 0.01, 0.1].map((fpr) => {
    const tpr = power(answered!, fpr);
    const cells = [format.percent(tpr, 1), format.percent(posterior(prior, fpr, tpr), 1)];
    return el("tr", {}, el("th", { scope: "row" }, format.percent(fpr, fpr < 0.01 ? 1 : 0)), ...cells.map((text) => el("td", {}, text)));
  });
  const head = ["False alarms", "Members found", "An accusation is right"].map((text) => el("th", { scope: "col" }, text));
  byId("points").replaceChildren(
    el("caption", {}, "The best attacker, at three rates of false alarms"),
    el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...rows),
  );
  byId("generic").textContent =
    `Epsilon alone would allow ${format.percent(genericPosterior(prior, epsilon), 1)} certainty: it is the worst case over all ` +
    `outcomes, most of which hardly ever happen.`;
}
