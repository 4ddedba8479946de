// The accountant's answer. Each part stands or falls alone, and everything carries the question that it answers: it is
// marked as old while the next answer is worked out, and goes when there is none.
import type { AccountAnswer } from "../protocol";
import { type Curve, genericPosterior, posterior, power } from "../results/tradeoff";
import { readNumber } from "../settings/numbers";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";
import type { Comparison } from "./comparison";
import type { Kind } from "./question";

export class Answer {
  #comparison: Comparison;
  #shown?: { epsilon: number; curve: Curve };

  constructor(comparison: Comparison) {
    this.#comparison = comparison;
    byId("prior").addEventListener("input", () => this.#showPoints());
  }

  /** What is shown answers the question before. */
  old() {
    byId("answers").classList.add("old");
    if (byId("answer-bounds").textContent !== "–") byId("answer-kicker").textContent = "Working it out … This answers the question before:";
    else byId("answer-kicker").textContent = "Working it out …";
  }

  /** Nothing is known: why is said elsewhere. */
  none(why: string) {
    byId("answers").classList.remove("old");
    byId("answer-kicker").textContent = why;
    byId("answer-bounds").textContent = "–";
    byId("answer-question").textContent = byId("answer-words").textContent = "";
    this.#noCurve("");
  }

  show(kind: Kind, { lower, upper, rdp, sigma }: AccountAnswer, question: string) {
    byId("answers").classList.remove("old");
    const between = `${format.epsilonLower(lower)} ≤ ε ≤ ${format.epsilonUpper(smaller(upper, rdp))}`;
    const older = `The older bound by Rényi divergence (RDP) would say ${format.epsilonUpper(rdp)}.`;
    byId("answer-question").textContent = question;
    if (kind === "epsilon") {
      byId("answer-kicker").textContent = "Epsilon of the whole run";
      byId("answer-bounds").textContent = between;
      byId("answer-words").textContent = older;
    } else {
      byId("answer-kicker").textContent = "Noise multiplier needed";
      byId("answer-bounds").textContent = `σ = ${format.noise(sigma!)}`;
      byId("answer-words").textContent = `It gives ${between}. ${older}`;
    }
    this.#noCurve("Working out the attacker …");
  }

  /** The attacker of the answer that is shown. */
  showCurve({ fpr = [], tpr = [], advantage = 0 }: AccountAnswer, epsilon: number, question: string) {
    const curve = { fpr, tpr };
    this.#shown = { epsilon, curve };
    byId("attacker").hidden = false;
    byId("attacker-problem").textContent = "";
    this.#comparison.set({ curve, question, epsilon, advantage });
    byId("meaning").textContent =
      `Given the model and all records but one, an attacker who guesses whether that one took part beats a coin toss by at most ` +
      `${format.percentage(advantage)} (true accusations less false ones).`;
    this.#showPoints();
  }

  noCurve(why: string) {
    this.#noCurve(`The attacker could not be worked out: ${why}`);
  }

  #noCurve(why: string) {
    this.#shown = undefined;
    this.#comparison.set(undefined);
    byId("attacker").hidden = true;
    byId("attacker-problem").textContent = why;
  }

  #showPoints() {
    if (!this.#shown) return;
    const reading = readNumber("The suspicion", byId<HTMLInputElement>("prior").value);
    const prior = "words" in reading ? NaN : reading.value! / 100;
    const fine = prior > 0 && prior < 1;
    byId("prior").setAttribute("aria-invalid", String(!fine));
    byId("prior-fault").hidden = fine;
    byId("prior-fault").textContent = fine ? "" : "words" in reading ? reading.words : "The suspicion must be above 0 and below 100.";
    byId("points").hidden = byId("generic").hidden = !fine;
    if (!fine) return;
    const { curve, epsilon } = this.#shown;
    const rows = [0.001, 0.01, 0.1].map((fpr) => {
      const tpr = power(curve, fpr);
      const cells = [format.percentage(tpr), format.percentage(posterior(prior, fpr, tpr))];
      return el("tr", {}, el("th", { scope: "row" }, format.percent(fpr, fpr < 0.01 ? 1 : 0)), ...cells.map((text) => el("td", {}, text)));
    });
    const head = ["False alarms", "Members found, at most", "An accusation is right, at most"].map((text) => el("th", { scope: "col" }, text));
    byId("points").replaceChildren(
      el("caption", {}, "The best attacker, at three rates of false alarms"),
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...rows),
    );
    byId("generic").textContent =
      `Epsilon alone would allow ${format.percentage(genericPosterior(prior, epsilon))} certainty: it is the worst case over all ` +
      `outcomes, most of which hardly ever happen.`;
  }
}

/** The smaller of two upper bounds; one that could not be worked out leaves the other. */
export function smaller(...bounds: number[]): number {
  return Math.min(...bounds.filter((bound) => bound >= 0));
}
