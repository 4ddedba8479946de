// "Fixed features": what a map made of synthetic records sees in each record. The panel asks for them, shows how far they are, and brings
// them as one more dataset.
import type { Source } from "../protocol";
import type { PageEvent, State } from "../state/model";
import { busy } from "../state/model";
import { sized } from "../owndata/preview";
import type { Choice } from "../trainer/datasets";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";
import { roughly } from "../ui/roughly";
import { BringForm } from "./bring";
import type { Brought, Packed, Progress } from "./messages";
import { Cancelled, Stage } from "./stage";
import * as store from "./store";

export class FeaturesPanel {
  #dispatch: (event: PageEvent) => void;
  #root = byId("features");
  #open = byId<HTMLButtonElement>("features-open");
  #of?: Choice; // the data that are open
  #sound = false; // they are recordings
  #stage?: Stage; // while it computes
  #since = 0;

  #mirrored = el("input", { type: "checkbox", id: "features-mirrored" });
  #mirrorLine = el("label", { for: "features-mirrored" }, this.#mirrored, " A picture's mirror image keeps its meaning (a horse's does, a digit's does not)");
  #about = el("p", {});
  #keep = el("input", { type: "checkbox", id: "features-keep" });
  #compute = el("button", { type: "button", class: "primary", click: () => this.#run() }, "Compute them");
  #bring = new BringForm((brought) => (typeof brought === "string" ? this.#fail(brought) : this.#run(brought)));
  #encoder = el("details", { id: "encoder" }, el("summary", {}, "Bring an encoder"), this.#bring.root);
  #words = el("p", { class: "own-words", id: "features-words", role: "status" });
  #bar = el("progress", { max: 1, value: 0, "aria-label": "Features" });
  #going = el("div", { class: "going", hidden: true });
  #fault = el("div", { class: "problem", role: "alert", hidden: true });
  #size = el("span", {});
  #kept = el("p", { class: "own-words", hidden: true }, this.#size, el("button", { type: "button", class: "quiet", click: () => this.#remove() }, "Remove them"));
  #looked = 0; // how often it was asked what is kept: the last answer counts
  #keepLine = el("label", { for: "features-keep", hidden: true });

  constructor(dispatch: (event: PageEvent) => void) {
    this.#dispatch = dispatch;
    this.#open.addEventListener("click", () => this.#show());
    this.#going.append(this.#bar, el("button", { type: "button", class: "quiet", click: () => this.#stage?.cancel() }, "Cancel"));
    this.#keepLine.append(this.#keep, " Keep the features of my own data on this device, until I remove them");
    this.#root.append(
      el("div", { class: "own-head" },
        el("h2", { id: "features-title" }, "Fixed features"),
        this.#about,
        el("button", { type: "button", class: "quiet", click: () => this.#close() }, "Close")),
      this.#mirrorLine, el("p", { class: "own-words" }, el("a", { href: "learn-features.html" }, "How this works")),
      this.#keepLine, this.#fault, el("div", { class: "own-act" }, this.#words, this.#compute), this.#going,
      this.#encoder, this.#kept,
    );
  }

  /** Offered for pictures and recordings, while no run goes on. */
  show(state: State) {
    const choice = state.choices.find(({ name }) => name === state.data);
    const kind = state.dataset?.kind;
    this.#of = kind === "image" || kind === "audio" ? choice : undefined;
    if (this.#of) this.#sound = kind === "audio";
    this.#mirrorLine.hidden = this.#encoder.hidden = this.#sound;
    const [record, synthetic] = this.#sound ? ["recording", "voices"] : ["picture", "pictures"];
    say(this.#about, `Each ${record} becomes a vector by a map that was made of synthetic ${synthetic} alone. No record shapes it, so it costs no budget, and a model on such vectors learns more from few records.`);
    this.#open.disabled = !this.#of || busy(state);
    this.#compute.disabled = this.#bring.disabled = !this.#of || busy(state) || this.#stage !== undefined;
    this.#keepLine.hidden = this.#of?.source.kind !== "own";
  }

  async #show() {
    this.#root.hidden = false;
    this.#root.scrollIntoView({ block: "nearest" });
    (this.#sound ? this.#compute : this.#mirrored).focus();
    await this.#showKept();
  }

  #close() {
    this.#stage?.cancel();
    this.#root.hidden = true;
    this.#open.focus();
  }

  async #showKept() {
    const look = ++this.#looked;
    const bytes = await store.size();
    if (look !== this.#looked) return;
    this.#kept.hidden = bytes === 0;
    say(this.#size, `${sized(bytes)} of features are kept on this device. `);
  }

  async #remove() {
    await store.clear().catch((error: Error) => {
      this.#fault.hidden = false;
      say(this.#fault, `The features could not be removed: ${error.message}`);
    });
    await this.#showKept();
  }

  #fail(words: string) {
    this.#fault.hidden = false;
    say(this.#fault, words);
    this.#fault.scrollIntoView({ block: "nearest" });
  }

  /** By the map, or by an encoder that was brought. */
  async #run(encoder?: Brought) {
    const of = this.#of!;
    const mirrored = this.#mirrored.checked && !this.#sound;
    const own = of.source.kind === "own";
    const stage = (this.#stage = new Stage());
    this.#since = performance.now();
    this.#fault.hidden = true;
    this.#going.hidden = false;
    this.#compute.disabled = this.#bring.disabled = true;
    say(this.#words, "Getting ready …");
    this.#bar.removeAttribute("value");
    try {
      const { url, files } = of.source;
      const order = { url, files: files as Packed[] | undefined, mirrored, keep: !own || this.#keep.checked, encoder };
      const made = await stage.run(order, (p) => this.#progress(p, encoder));
      say(this.#words, made.kept ? "Ready, and kept on this device." : "Ready.");
      const title = `${of.title}, fixed features${encoder ? ` of ${encoder.file}` : ""}`;
      this.#dispatch({ type: "brought data", choice: { name: named(of.name, mirrored, encoder && made.fingerprint), title, source: sourceOf(of, made.files) } });
      await this.#showKept();
    } catch (error) {
      const cancelled = error instanceof Cancelled;
      say(this.#words, cancelled ? "Cancelled." : "");
      if (!cancelled) this.#fail(`The features could not be computed: ${(error as Error).message}`);
    }
    this.#stage = undefined;
    this.#going.hidden = true;
    this.#compute.disabled = this.#bring.disabled = this.#of === undefined;
  }

  #progress({ making, done, records, total }: Progress, encoder?: Brought) {
    if (making) {
      this.#since = performance.now();
      if (encoder) return say(this.#words, `Loading ${encoder.file}, and what runs it …`);
    }
    if (this.#bar.value !== done) this.#bar.value = done;
    if (making) return say(this.#words, `Making the map of synthetic ${this.#sound ? "voices" : "pictures"} …`);
    const seconds = ((performance.now() - this.#since) / 1000) * (1 / done - 1);
    say(this.#words, `${format.count(records)} of ${format.count(total)} records, about ${roughly(seconds)} left.`);
  }
}

/** What the data are called in a link: other features of the same records have another name, those of another encoder too. */
const named = (name: string, mirrored: boolean, encoder?: string) => `${name}+features${encoder ? `+encoder-${encoder.slice(0, 12)}` : mirrored ? "+mirrored" : ""}`;

/** Features of own data stay in their collection; those of others share the ledger of the records' name. */
function sourceOf({ source }: Choice, files: Packed[]): Source {
  return (source.kind === "own" ? { ...source, files } : { kind: "features", files }) as Source;
}
