// What an attacker can do with an epsilon: the accountant finds the noise, and the curve of the best attacker there is.
import { sigma, tradeoff } from "../module/accountant";
import { genericPosterior, posterior, power, tradeoffChart } from "../results/tradeoff";
import { debounced, el, fill, say } from "../ui/dom";
import * as format from "../ui/format";

const run = { rate: 256 / 60_000, steps: 1170 }; // five passes over 60,000 records in batches of 256
const delta = 1e-5;
const epsilons = [0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12];

export class Odds extends HTMLElement {
  /** How sure the attacker is after accusing somebody, in per cent. */
  answer?: number;

  #at = 5;
  #prior = 0.1;
  #alarms = 0.01;
  #asked = 0;
  #chart = tradeoffChart(["The best attacker"], ["--accent"], "Ask the accountant.");
  #facts = el("dl", { class: "tiles" });
  #words = el("p", { role: "status", class: "verdict" });
  #start = el("button", { type: "button", class: "primary", click: () => void this.#ask() }, "Ask the accountant");
  #soon = debounced(250, () => void this.#ask());

  connectedCallback() {
    if (this.#facts.isConnected) return;
    const shown = el("output", {}, `ε = ${epsilons[this.#at]}`);
    const slider = el("input", { type: "range", min: 0, max: epsilons.length - 1, step: 1, value: this.#at, "aria-valuetext": shown.textContent!, input: () => {
      this.#at = Number(slider.value);
      shown.textContent = `ε = ${epsilons[this.#at]}`;
      slider.setAttribute("aria-valuetext", shown.textContent);
      if (this.#asked) this.#soon();
    } });
    const choose = (label: string, values: [number, string][], now: number, set: (value: number) => void) =>
      el("label", { class: "slide" }, el("span", {}, label), el("select", { change: ({ target }) => (set(Number(target.value)), this.#asked && this.#soon()) }, ...values.map(([value, words]) => el("option", { value, selected: value === now }, words))));
    this.replaceChildren(
      el("div", { class: "knobs" },
        el("label", { class: "slide" }, el("span", {}, "Budget ", shown), slider),
        choose("Suspected beforehand", [[0.5, "1 in 2"], [0.1, "1 in 10"], [0.01, "1 in 100"]], this.#prior, (v) => (this.#prior = v)),
        choose("False alarms", [[0.1, "1 in 10"], [0.01, "1 in 100"], [0.001, "1 in 1,000"]], this.#alarms, (v) => (this.#alarms = v))),
      this.#start, this.#words, this.#facts, this.#chart.root,
    );
  }

  async #ask() {
    const turn = ++this.#asked;
    const epsilon = epsilons[this.#at];
    this.answer = undefined; // it was another question's
    fill(this.#facts, []);
    say(this.#words, "Working it out …");
    try {
      const noise = await sigma([{ sigma: "?", ...run }], { epsilon, delta });
      const curve = await tradeoff([{ sigma: noise, ...run }]);
      if (turn !== this.#asked) return;
      const found = power(curve, this.#alarms);
      const sure = posterior(this.#prior, this.#alarms, found);
      this.answer = Number.parseFloat(format.percentage(sure)); // as it is shown
      this.#chart.set([curve.fpr, curve.tpr, curve.fpr]);
      const tiles: [string, string][] = [
        ["Noise multiplier", format.noise(noise)],
        ["Members found, at most", format.percentage(found)],
        ["Sure after accusing", format.percentage(sure)],
        ["From ε alone", format.percentage(genericPosterior(this.#prior, epsilon))],
      ];
      fill(this.#facts, tiles);
      say(this.#words, `At ε = ${epsilon} an attacker who suspected you beforehand and accuses you now is right with a chance of at most ${format.percentage(sure)}.`);
      this.#start.hidden = true;
    } catch (error) {
      say(this.#words, (error as Error).message);
    }
  }
}
