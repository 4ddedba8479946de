// What several runs on the same records cost together.
import { epsilon, sigma } from "../module/accountant";
import { readNumber } from "../settings/numbers";
import { el, fill, say } from "../ui/dom";
import * as format from "../ui/format";

const run = { rate: 256 / 5000, steps: 380 }; // twenty passes over 5,000 records in batches of 256
const delta = 1e-5;

export class Total extends HTMLElement {
  /** Epsilon of all runs together. */
  answer?: number;

  #asked = 0;
  #runs = el("input", { type: "text", inputmode: "numeric", autocomplete: "off", value: "4" });
  #each = el("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: "1" });
  #words = el("p", { role: "status", class: "verdict" });
  #facts = el("dl", { class: "tiles" });

  connectedCallback() {
    if (this.#facts.isConnected) return;
    const ask = (event: Event) => {
      event.preventDefault();
      void this.#ask();
    };
    this.replaceChildren(
      el("form", { class: "knobs", submit: ask, input: () => this.#forget() }, el("label", { class: "slide" }, el("span", {}, "Runs"), this.#runs), el("label", { class: "slide" }, el("span", {}, "Each at ε"), this.#each), el("button", { class: "primary" }, "Add them up")),
      this.#words, this.#facts,
    );
  }

  /** An answer goes with its question. */
  #forget() {
    this.#asked++;
    this.answer = undefined;
    fill(this.#facts, []);
    say(this.#words, "");
  }

  async #ask() {
    this.#forget();
    const turn = this.#asked;
    try {
      const [runs, each] = [read("Runs", this.#runs.value), read("Each at ε", this.#each.value)];
      if (!(Number.isInteger(runs) && runs >= 1 && runs <= 100)) throw new RangeError("Runs must be a whole number from 1 to 100.");
      say(this.#words, "Working it out …");
      const noise = await sigma([{ sigma: "?", ...run }], { epsilon: each, delta });
      const { upper } = await epsilon([{ sigma: noise, rate: run.rate, steps: run.steps * runs }], delta);
      if (turn !== this.#asked) return;
      this.answer = Number(format.epsilon(upper));
      const tiles: [string, string][] = [["All together, proven", `≤ ${format.epsilon(upper)}`], ["Added one by one", format.figure(runs * each)]];
      fill(this.#facts, tiles);
      say(this.#words, "");
    } catch (error) {
      if (turn === this.#asked) say(this.#words, (error as Error).message);
    }
  }
}

function read(label: string, text: string): number {
  const reading = readNumber(label, text);
  if ("words" in reading) throw new RangeError(reading.words);
  return reading.value!;
}
