// Tutorial 7: mechanisms to change and to train with, in the sandbox of the page where mechanisms are written. What runs is what stands in the
// page or what its reader wrote there: an address brings no code here.
import "./tutorial";
import { Workshop, titleOf, wordsOf } from "../mechanism/workshop";
import type { Config } from "../protocol";
import { readNumber } from "../settings/numbers";
import { type Run, lastEpoch } from "../state/run";
import { Chart } from "../ui/chart";
import { el, fill, say } from "../ui/dom";
import * as format from "../ui/format";

const data = "digits";
let workshop: Workshop | undefined; // the page's, since somebody pressed Train
let running: Written | undefined;

/** A mechanism, or several to choose from, as code blocks in it; model, epsilon and epochs as attributes. */
export class Written extends HTMLElement {
  /** The clip norm at the end of the last run, where its code was the reader's. */
  answer?: number;

  #given: { code: string; block: HTMLElement }[] = [];
  #at = 0;
  #runs: Run[] = []; // that ended here
  #bounds: [number[], number[]] = [[], []];
  #code = el("textarea", { spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", "aria-label": "Code of the mechanism", input: () => this.#written() });
  #choice = el("select", { change: () => this.#begin(Number(this.#choice.value)) });
  #train = el("button", { type: "button", class: "primary", click: () => void this.#press() }, "Train");
  #stop = el("button", { type: "button", disabled: true, click: () => workshop?.stop() }, "Stop");
  #undo = el("button", { type: "button", class: "quiet", click: () => this.#begin(this.#at) }, "As it was");
  #editor = el("a", {}, "Open it in the editor");
  #words = el("p", { class: "verdict", role: "status" });
  #fault = el("p", { class: "problem", role: "alert", hidden: true });
  #facts = el("dl", { class: "tiles" });
  #table = el("table");
  #made = el("div", { class: "scroll", role: "region", "aria-label": "Runs", tabindex: 0, hidden: true }, this.#table);
  #chart = new Chart({
    title: "Clip norm", empty: "", x: { label: "Step", format: format.count }, bottom: 0, height: 150,
    series: [{ label: "Clip norm", colour: "--accent", format: (y) => format.figure(y, 3), strong: true }],
  });

  connectedCallback() {
    if (this.#given.length > 0) return;
    this.#given = [...this.querySelectorAll<HTMLElement>("pre > code")].map((block) => ({ code: block.textContent!.trimEnd(), block }));
    this.#choice.append(...this.#given.map(({ code }, i) => el("option", { value: i }, titleOf(code))));
    if (this.#given.length > 1) this.append(el("label", { class: "slide" }, el("span", {}, "Begin with"), this.#choice));
    this.#chart.root.hidden = true; // until there is something to draw
    this.append(this.#code, el("div", { class: "buttons" }, this.#train, this.#stop, this.#undo, this.#editor), this.#words, this.#fault, this.#facts, this.#chart.root, this.#made);
    this.#begin(0);
  }

  #begin(at: number) {
    this.#at = at;
    this.#code.value = this.#given[at].code;
    this.#code.rows = this.#code.value.split("\n").length + 1;
    this.#written();
  }

  /** The code is another. Paper shows what stands there, and so does a link. */
  #written() {
    const { code, block } = this.#given[this.#at];
    const now = this.#code.value;
    say(block, now);
    this.#undo.hidden = now === code;
    const of = (name: string) => this.getAttribute(name)!;
    this.#editor.href = `mechanism.html#${new URLSearchParams({ data, model: of("model"), epsilon: of("epsilon"), epochs: of("epochs"), code: now })}`;
    this.#complain();
  }

  #config(): Config {
    const number = (name: string) => {
      const reading = readNumber(name, this.getAttribute(name)!);
      if ("words" in reading) throw new RangeError(reading.words);
      return reading.value!;
    };
    return { ...workshop!.settings(this.getAttribute("model")!, this.#code.value), epsilon: number("epsilon"), epochs: number("epochs") };
  }

  async #press() {
    if (running) return;
    running = this;
    this.#complain();
    fill(this.#facts, []);
    this.#bounds = [[], []];
    this.answer = undefined;
    turn();
    say(this.#words, "Getting ready …");
    const own = this.#code.value !== this.#given[this.#at].code;
    try {
      workshop ??= new Workshop(() => running?.show(), (words) => running && say(running.#words, words), false);
      if (!workshop.dataset) await workshop.open(data, { kind: "digits" });
      const run = await workshop.train(this.#config(), titleOf(this.#code.value));
      this.#runs.push(run);
      if (own) this.answer = Number(format.figure(run.last!.clipNorm));
      const { step } = run.last!;
      say(this.#words, step < run.planned!.steps ? `Stopped after ${format.count(step)} steps; all that was planned counts as spent.` : `Done: ${format.count(step)} steps.`);
      this.#tell();
    } catch (error) {
      say(this.#words, "");
      this.#complain(error as Error);
    }
    running = undefined;
    turn();
  }

  /** Shows how far the run is. */
  show() {
    const { planned, last, epochs } = workshop!.run!;
    if (!planned) return;
    if (last && last.step !== this.#bounds[0].at(-1)) {
      this.#chart.root.hidden = false;
      this.#bounds[0].push(last.step);
      this.#bounds[1].push(last.clipNorm);
      this.#chart.set(this.#bounds.map((column) => [...column]) as [number[], number[]]);
    }
    say(this.#words, `Training: step ${format.count(last?.step ?? 0)} of ${format.count(planned.steps)}.`);
    fill(this.#facts, [
      ["Test accuracy", percent(epochs.at(-1)?.accuracy)],
      ["Epsilon, proven", `≤ ${format.epsilon(planned.epsilonUpper)}`],
      ["Noise multiplier", format.noise(planned.noiseMultiplier)],
      ["Clip norm", last ? format.figure(last.clipNorm) : "–"],
    ]);
  }

  /** A line for each run that ended here. */
  #tell() {
    const cells = (kind: "th" | "td", words: string[]) => words.map((word) => el(kind, kind === "th" ? { scope: "col" } : {}, word));
    const lines = this.#runs.map((run, i) => {
      const words = [run.name!, format.noise(run.planned!.noiseMultiplier), format.figure(run.last!.clipNorm), `≤ ${format.epsilon(run.planned!.epsilonUpper)}`, percent(lastEpoch(run)?.accuracy)];
      return el("tr", {}, el("th", { scope: "row" }, String(i + 1)), ...cells("td", words));
    });
    this.#table.replaceChildren(el("thead", {}, el("tr", {}, ...cells("th", ["Run", "Mechanism", "Noise multiplier", "Last clip norm", "Epsilon", "Accuracy"]))), el("tbody", {}, ...lines));
    this.#made.hidden = false;
  }

  /** What is wrong with the code, with the line where it is. */
  #complain(error?: Error) {
    this.#fault.hidden = !error;
    const line = error && /\bline (\d+)/i.exec(wordsOf(error))?.[1];
    const text = line && this.#code.value.split("\n")[Number(line) - 1]?.trim();
    this.#fault.replaceChildren(error ? wordsOf(error) : "", ...(text ? [el("code", {}, text)] : []));
  }

  /** One run at a time on this page. */
  turn() {
    this.#train.disabled = this.#undo.disabled = this.#choice.disabled = running !== undefined;
    this.#stop.disabled = running !== this;
  }
}

const percent = (accuracy?: number) => (accuracy === undefined ? "–" : format.percent(accuracy));
const turn = () => document.querySelectorAll<Written>("learn-written").forEach((element) => element.turn());

customElements.define("learn-written", Written);
