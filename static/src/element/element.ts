// <cloister-trainer>: a trainer in a page of text. Its attributes are what a run is asked to be; "controls" are those that a reader may
// change, "locks" those that are shown and stay, "charts" what is shown of a run. Nothing is loaded until Train is pressed.
import type { DatasetInfo, EpochEvent, EventOf, Loading, Planned } from "../protocol.js";
import type { Run, RunEvent } from "../module/run.js";
import type { Session } from "../module/session.js";
import { verdictWords } from "../results/attack";
import { modelTitle } from "../settings/settings";
import { Chart } from "../ui/chart";
import { el, fill, say } from "../ui/dom";
import * as format from "../ui/format";
import { turn } from "./desk";
import { type Name, field, isName, names, settingsOf, shownOf } from "./fields";
import { host } from "./host";

const lists = ["controls", "locks", "charts"];

/** What is shown unless "charts" says otherwise. */
const usual = "accuracy epsilon";

export class CloisterTrainer extends HTMLElement {
  static observedAttributes = ["dataset", "models", "mechanisms", ...names, ...lists];

  #root?: ParentNode & Node;
  #texts = new Map<Name, string>(); // as attributes or the reader set them
  #run?: Run;
  #control?: AbortController;
  #made: Made[] = []; // runs that ended here

  #form = el("form", { part: "controls", class: "fields", submit: (event: Event) => event.preventDefault() });
  #train = el("button", { type: "button", class: "primary", part: "train", click: () => void this.#press() }, "Train");
  #stop = el("button", { type: "button", part: "stop", disabled: true, click: () => this.stop() }, "Stop");
  #bar = el("progress", { part: "progress", max: 1, value: 0, "aria-label": "Progress", hidden: true });
  #words = el("p", { part: "status", class: "words", role: "status" });
  #fault = el("p", { part: "problem", class: "problem", role: "alert", hidden: true });
  #mark = el("p", { part: "not-private", class: "banner", hidden: true });
  #tiles = el("dl", { part: "figures", class: "tiles" });
  #charts = el("div", { part: "charts", class: "charts" });
  #verdict = el("p", { part: "verdict", class: "verdict", "aria-live": "polite" });
  #runs = el("div", { part: "runs", class: "scroll", role: "region", "aria-label": "Runs", tabindex: 0, hidden: true });
  #ledger = el("p", { part: "ledger", class: "note", hidden: true });
  #accuracy?: Chart;
  #epsilon?: Chart;
  #evaluated?: EpochEvent;
  #planned?: Planned;
  #curves = { accuracy: [[], []] as [number[], number[]], epsilon: [[], []] as [number[], number[]] };

  connectedCallback() {
    if (this.#root) return;
    this.#root = host(this);
    const buttons = el("div", { class: "buttons" }, this.#train, this.#stop);
    this.#root.append(el("div", { part: "box", class: "box" }, this.#form, buttons, this.#bar, this.#words, this.#fault, this.#mark, this.#tiles, this.#charts, this.#verdict, this.#runs, this.#ledger));
    this.#show();
  }

  disconnectedCallback() {
    this.stop();
  }

  attributeChangedCallback(name: string, _: string | null, text: string | null) {
    if (isName(name)) {
      if (text === null) this.#texts.delete(name);
      else this.#texts.set(name, text);
    }
    if (this.#root) this.#show();
  }

  /** The run that goes on here, or ended last. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** Accuracy when the model was last tried, 0 to 1. */
  get accuracy(): number | undefined {
    return this.#evaluated?.accuracy;
  }

  /** Trains with what is set; comes to how the run ended. Another element's run is waited for. */
  async train(): Promise<EventOf<"done">> {
    if (this.#control) throw new Error("this element trains already");
    const control = (this.#control = new AbortController());
    this.#begin();
    try {
      const settings = settingsOf(this.#texts);
      const dataset = this.getAttribute("dataset") ?? "digits";
      const done = await turn(dataset, (loading) => this.#load(loading), control.signal, (session) => this.#follow(session, session.train(settings)));
      this.#end(done);
      return done;
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    } finally {
      this.#control = undefined;
      this.#buttons();
      this.#figures();
    }
  }

  /** Pauses the run, or lets it go on. */
  async pause() {
    await this.#run?.pause();
    this.#buttons(true);
  }

  async resume() {
    await this.#run?.resume();
    this.#buttons();
  }

  /** Ends the run where it is, or the wait for it. */
  stop() {
    this.#control?.abort(new DOMException("stopped", "AbortError"));
    if (this.#run?.open) void this.#run.stop().catch(() => {});
  }

  async #press() {
    try {
      if (!this.#control) await this.train();
      else if (this.#train.textContent === "Pause") await this.pause();
      else await this.resume();
    } catch {} // it is shown, and an event
  }

  #say(text: string) {
    say(this.#words, text);
  }

  #begin() {
    this.#fault.hidden = this.#mark.hidden = this.#ledger.hidden = true;
    this.#verdict.replaceChildren();
    this.#curves = { accuracy: [[], []], epsilon: [[], []] };
    this.#evaluated = this.#planned = undefined;
    this.#run = undefined;
    this.#bar.hidden = false;
    this.#bar.removeAttribute("value");
    this.#say("Getting ready …");
    this.#buttons();
  }

  #load({ done, total, what }: Loading) {
    this.#bar.value = total ? done / total : 0;
    this.#say(`${what} …`);
  }

  async #follow(session: Session, run: Run): Promise<EventOf<"done">> {
    this.#run = run;
    this.#control!.signal.addEventListener("abort", () => void run.stop().catch(() => {}), { once: true });
    for await (const event of run) this.#hear(event, session.dataset);
    return run.done;
  }

  #hear(event: RunEvent, dataset: DatasetInfo) {
    switch (event.type) {
      case "planned":
        this.#planned = event.planned;
        say(this.#mark, event.planned.notPrivate ? `Not private: ${event.planned.notPrivate}.` : "");
        this.#mark.hidden = !event.planned.notPrivate;
        this.#buttons();
        break;
      case "ledger":
        this.#tellLedger(event.ledger.forgets);
        break;
      case "epoch":
        this.#evaluated = event.epoch;
        this.#curves.accuracy[0].push(event.epoch.epoch);
        this.#curves.accuracy[1].push(event.epoch.accuracy);
        break;
      case "step":
        for (const { step, epsilon } of event.step.curve ?? []) {
          this.#curves.epsilon[0].push(step);
          this.#curves.epsilon[1].push(epsilon);
        }
        this.#progress(event.step.step);
        break;
      case "notice":
      case "error":
        this.#say(event.message);
        break;
    }
    this.#draw(dataset);
    this.dispatchEvent(new CustomEvent(`cloister-${event.type}`, { detail: event, bubbles: true, composed: true }));
  }

  async #progress(step: number) {
    const plan = await this.#run?.planned;
    if (!plan || !this.#run?.open) return;
    this.#bar.value = step / plan.steps;
    this.#say(`Training: step ${format.count(step)} of ${format.count(plan.steps)}.`);
  }

  #end(done: EventOf<"done">) {
    const { planned, step, audit } = done;
    this.#bar.hidden = true;
    this.#say(`Done: ${format.count(step.step)} steps.`);
    if (audit) this.#verdict.replaceChildren(...verdictWords(audit, planned.config.epsilon, false));
    this.#made.push({ done, accuracy: this.#curves.accuracy[1].at(-1) });
    this.#show();
  }

  #fail(error: Error) {
    this.#bar.hidden = true;
    const stopped = error.name === "AbortError";
    this.#say(stopped ? "Stopped." : "");
    this.#fault.hidden = stopped;
    say(this.#fault, stopped ? "" : error.message);
    this.dispatchEvent(new CustomEvent("cloister-problem", { detail: error, bubbles: true, composed: true }));
  }

  /** Where nothing can be stored, what was spent before is unknown; a page in another one's frame may store what it may not there. */
  #tellLedger(forgets: boolean) {
    this.#ledger.hidden = !forgets;
    if (!forgets || this.#ledger.hasChildNodes()) return;
    const framed = globalThis.top !== globalThis.self;
    this.#ledger.append(
      "No ledger: this browser does not let this page store anything, so what is spent on these records is forgotten when it closes.",
      ...(framed ? [" In a window of its own it may: ", el("a", { href: location.href, target: "_blank", rel: "noopener", part: "own-window" }, "open this page by itself"), "."] : []),
    );
  }

  #buttons(paused = false) {
    const on = this.#control !== undefined;
    const running = on && this.#run !== undefined;
    say(this.#train, !running ? "Train" : paused ? "Go on" : "Pause");
    this.#train.disabled = on && !running;
    this.#stop.disabled = !on;
    for (const input of this.#form.querySelectorAll("input, select")) (input as HTMLInputElement).disabled = on || input.hasAttribute("data-locked");
  }

  #list(attribute: string, otherwise = ""): string[] {
    return (this.getAttribute(attribute) ?? otherwise).split(/\s+/).filter(Boolean);
  }

  /** Fields and charts, as the attributes have them. */
  #show() {
    const locked = this.#list("locks").filter(isName);
    const shown = [...new Set([...this.#list("controls").filter(isName), ...locked])];
    this.#form.replaceChildren(...shown.map((name) => this.#field(name, locked.includes(name))));
    this.#form.hidden = shown.length === 0;
    this.#buttons();
    this.#draw();
    this.#tell(shown);
  }

  #field(name: Name, locked: boolean): HTMLElement {
    const text = this.#texts.get(name) ?? "";
    const offered = name === "mechanism" ? this.#list("mechanisms", "fixed") : name === "model" ? this.#list("models", "logistic small-mlp-tanh mlp mnist-cnn-tanh") : [];
    const options = offered.length && text && !offered.includes(text) ? [text, ...offered] : offered;
    const made = field(name, text, options.map((word) => [word, name === "model" ? modelTitle(word) : word]), locked, (typed) => this.#texts.set(name, typed));
    if (locked) made.querySelector("input, select")!.setAttribute("data-locked", "");
    return made;
  }

  #draw(dataset?: DatasetInfo) {
    const charts = this.#list("charts", usual);
    if (charts.includes("accuracy")) {
      this.#accuracy ??= this.#chart("Test accuracy", "Epoch", "Accuracy", format.percent, 1);
      this.#accuracy.set(this.#curves.accuracy);
    }
    if (charts.includes("epsilon")) {
      this.#epsilon ??= this.#chart("Epsilon spent", "Step", "Spent", format.epsilon);
      this.#epsilon.set(this.#curves.epsilon);
    }
    if (dataset) this.#figures();
  }

  /** Once a run is over it has spent what was planned, however early it was stopped: that may have hung on what was seen. */
  #figures() {
    const spent = this.#control ? this.#curves.epsilon[1].at(-1) : this.#planned?.epsilonUpper;
    const tiles: [string, string][] = [];
    if (this.#evaluated) {
      const { accuracy, noised, stdError } = this.#evaluated;
      tiles.push(noised ? ["Accuracy on held-out records, noised", `${format.percent(accuracy)} ± ${format.percent(stdError ?? 0)}`] : ["Test accuracy", format.percent(accuracy)]);
    }
    if (spent !== undefined && this.#mark.hidden) tiles.push(["Epsilon spent", `≤ ${format.epsilon(spent)}`]);
    fill(this.#tiles, tiles);
  }

  #chart(title: string, x: string, label: string, write: (y: number) => string, top?: number): Chart {
    const chart = new Chart({
      title, empty: "Press Train.", x: { label: x, format: format.count }, axis: top ? (y) => format.percent(y, 0) : (y) => format.figure(y, 3), bottom: 0, top, height: 170,
      series: [{ label, colour: "--accent", format: write, strong: true, points: top !== undefined, area: top === undefined }],
    });
    this.#charts.append(chart.root);
    return chart;
  }

  /** A line for each run that ended here: what was set, and what came of it. */
  #tell(shown: Name[]) {
    this.#runs.hidden = !this.#list("charts", usual).includes("runs") || this.#made.length === 0;
    const head = ["Run", ...shown.map((name) => settingLabel(name)), "Epsilon", "Accuracy"].map((words) => el("th", { scope: "col" }, words));
    const lines = this.#made.map(({ done: { planned }, accuracy }, i) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, String(i + 1)),
        ...shown.map((name) => el("td", {}, shownOf(planned.config, name))),
        el("td", {}, planned.private ? `≤ ${format.epsilon(planned.epsilonUpper)}` : "no limit"),
        el("td", {}, accuracy === undefined ? "–" : format.percent(accuracy)),
      ),
    );
    this.#runs.replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...lines)));
  }
}

interface Made {
  done: EventOf<"done">;
  accuracy?: number;
}

const labels: Partial<Record<Name, string>> = { epsilon: "Asked ε", delta: "δ", nonprivate: "Without privacy", audit: "Attacked", clip: "Clip norm", batch: "Batch", rate: "Rate" };
const settingLabel = (name: Name): string => labels[name] ?? name[0].toUpperCase() + name.slice(1);
