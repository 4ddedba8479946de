// "Try it": a person draws a record, or takes one of the test set, and sees what the model takes it for, while it trains
// too. What is drawn stays here. Drawing suits records of one colour; other kinds of input have their place beside it.
import type { Recipe } from "../owndata/messages";
import type { DatasetInfo, OpenedModel, SampleImage } from "../protocol";
import type { State } from "../state/model";
import { ModelFile } from "../take/open";
import type { Taker } from "../take/taker";
import type { Trainer } from "../trainer/client";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";
import { icon } from "../ui/icons";
import { OwnTry } from "../owndata/try";
import { centred } from "./digit";
import { Pad } from "./pad";
import { picture } from "./samples";

/** What a model is about: the open data, or what a model's file says of its records. */
type Subject = Pick<DatasetInfo, "kind" | "channels" | "height" | "width" | "classes">;

const sizeOf = ({ channels, height, width }: Subject) => channels * height * width;

export class TryPanel {
  #trainer: () => Trainer;
  #pad = new Pad("Drawing pad: draw with the pointer, or choose a test record below", (ink) => this.#set(centred(ink, this.#dataset!.width, this.#dataset!.height)));
  #seen = el("div", { class: "seen" });
  #bars = el("ol", { class: "bars", "aria-label": "What the model takes it for" });
  #clear = el("button", { type: "button", class: "quiet", click: () => this.#erase() }, icon("erase"), "Clear");
  #words = el("p", { class: "note", "aria-live": "polite" });
  #own = new OwnTry((record) => this.#set(record));
  #dataset?: Subject;
  #file: ModelFile; // a model that was opened, in the place of the run's
  #record?: Uint8Array;
  #asking = false;
  #again = false;
  #answered = ""; // where the model was when it was last asked
  #able = false;
  #state?: State;

  constructor(trainer: () => Trainer, taker: Taker) {
    this.#trainer = trainer;
    this.#file = new ModelFile(taker, (model) => this.#turn(model));
    byId("try-panel").append(this.#file.root);
    byId("try").append(el("div", { class: "draw" }, this.#own.root, this.#pad.root, el("div", { class: "beneath" }, this.#clear, this.#seen)), el("div", {}, this.#bars, this.#words));
  }

  show(state: State) {
    this.#state = state;
    if (this.#file.model) return;
    const { dataset, run, phase, choices, data } = state;
    const recipe = choices.find(({ name }) => name === data)?.recipe;
    if (dataset) byId("try").hidden = dataset.samples.length === 0 && !recipe; // of tables and sounds there is nothing to draw
    if (dataset && dataset !== this.#dataset) this.#open(dataset, recipe);
    this.#able = run?.planned !== undefined && phase !== "starting" && phase !== "loading";
    if (!this.#able) return this.#fill([]);
    const at = `${run!.id} ${run!.epochs.length} ${run!.last ? Math.floor(run!.last.step / 5) : ""}`;
    if (at === this.#answered) return;
    this.#answered = at;
    this.#ask();
  }

  /** Asks the model that was opened, or the run's again. */
  #turn(model: OpenedModel | undefined) {
    this.#answered = "";
    if (!model) {
      this.#dataset = undefined;
      if (this.#state) this.show(this.#state);
      return;
    }
    this.#able = true;
    byId("try").hidden = false;
    this.#open(model, this.#file.recipe);
  }

  /** Takes a test record. */
  take(sample: SampleImage) {
    if (this.#file.model && sample.pixels.length !== sizeOf(this.#dataset!)) return; // of other records than the open model's
    this.#erase();
    this.#set(sample.pixels);
    byId("try-panel").scrollIntoView({ block: "nearest" });
  }

  #open(dataset: Subject, recipe: Recipe | undefined) {
    this.#dataset = dataset;
    this.#pad.root.hidden = this.#clear.hidden = dataset.kind !== "image" || dataset.channels !== 1 || recipe !== undefined;
    const own = this.#own.open(recipe);
    say(byId("try-words"), own || (dataset.kind === "vector" ? "its records are vectors, made of pictures beforehand: there is nothing to draw" : dataset.channels === 1 ? "draw here, or press a test record" : "press a test record"));
    this.#erase();
  }

  #erase() {
    this.#pad.erase();
    this.#record = undefined;
    this.#seen.replaceChildren();
    this.#fill([]);
  }

  #set(record: Uint8Array) {
    this.#record = record;
    if (this.#dataset!.kind !== "table") this.#seen.replaceChildren(picture({ pixels: record, label: 0 }, this.#dataset!));
    this.#ask();
  }

  // One question at a time; what was drawn meanwhile is asked next.
  async #ask() {
    if (!this.#record || !this.#able) return this.#fill([]);
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    const record = this.#record;
    const found = await (this.#file.model ? this.#file.predict(record) : this.#trainer().predict(record)).catch(() => []);
    this.#asking = false;
    if (record === this.#record) this.#fill(found);
    if (this.#again) {
      this.#again = false;
      this.#ask();
    }
  }

  #fill(shares: number[]) {
    const classes = this.#dataset?.classes ?? [];
    if (this.#bars.childElementCount !== classes.length) {
      this.#bars.replaceChildren(...classes.map((name) => el("li", {}, el("span", { class: "name" }, name), el("span", { class: "track" }, el("span")), el("span", { class: "share" }))));
    }
    const best = shares.indexOf(Math.max(...shares));
    for (const [i, bar] of [...this.#bars.children].entries()) {
      const share = shares[i] ?? 0;
      bar.classList.toggle("best", i === best);
      (bar.querySelector(".track > span") as HTMLElement).style.inlineSize = `${(100 * share).toFixed(1)}%`;
      say(bar.querySelector<HTMLElement>(".share")!, shares.length ? format.percent(share, 0) : "");
    }
    say(this.#words, shares.length ? `Taken for ${classes[best]}.` : this.#able ? "" : "There is a model as soon as you train.");
  }
}
