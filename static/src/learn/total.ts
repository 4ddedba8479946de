// What several runs on the same records cost together.
import { epsilon, sigma } from "../module/accountant";
import { el, say } from "../ui/dom";
import * as format from "../ui/format";

const run = { rate: 256 / 5000, steps: 380 }; // twenty passes over 5,000 records in batches of 256
const delta = 1e-5;

export class Total extends HTMLElement {
  /** Epsilon of all runs together. */
  answer?: number;

  #runs = el("input", { type: "text", inputmode: "numeric", autocomplete: "off", value: "4" });
  #each = el("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: "1" });
  #words = el("p", { role: "status", class: "verdict" });
  #facts = el("dl", { class: "tiles" });

  connectedCallback() {
    if (this.#facts.isConnected) return;
    const ask = (event: Event) => {
      event.preventDefault();
      void this.#ask(Number(this.#runs.value), Number(this.#each.value));
    };
    this.replaceChildren(
      el("form", { class: "knobs", submit: ask }, el("label", { class: "slide" }, el("span", {}, "Runs"), this.#runs), el("label", { class: "slide" }, el("span", {}, "Each at ε"), this.#each), el("button", { class: "primary" }, "Add them up")),
      this.#words, this.#facts,
    );
  }

  async #ask(runs: number, each: number) {
    try {
      if (!(Number.isInteger(runs) && runs >= 1 && runs <= 100)) throw new RangeError("Runs must be a whole number from 1 to 100.");
      say(this.#words, "Working it out …");
      const noise = await sigma([{ sigma: "?", ...run }], { epsilon: each, delta });
      const { upper } = await epsilon([{ sigma: noise, rate: run.rate, steps: run.steps * runs }], delta);
      this.answer = Number(format.epsilon(upper));
      const tiles: [string, string][] = [["All together, proven", `≤ ${format.epsilon(upper)}`], ["Added one by one", format.figure(runs * each)]];
      this.#facts.replaceChildren(...tiles.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
      say(this.#words, "");
    } catch (error) {
      say(this.#words, (error as Error).message);
    }
  }
}
