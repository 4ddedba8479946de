// "Your own data": what a person drops is looked at, described, read and handed to the trainer, all in this tab. What it shows is for
// the owner's eyes: it lives in this panel alone, and goes with it.
import type { PageEvent } from "../state/model";
import type { Trainer } from "../trainer/client";
import type { Choice } from "../trainer/datasets";
import { byId, debounced, el, say } from "../ui/dom";
import * as format from "../ui/format";
import { ChoicesForm } from "./choices";
import { CollectionChoice } from "./collection";
import { boundsDelta } from "./columns";
import type { File as Packed } from "../protocol";
import { type Dropped, chosen, dropped, holdsFiles } from "./dropped";
import { splitKey } from "./key";
import type { Look, Progress, Result, Settings } from "./messages";
import { classBars, problems, samples, sized } from "./preview";
import { Reader, Refusal } from "./reader";

type Doing = "nothing" | "looking" | "reading";

export class OwnPanel {
  #dispatch: (event: PageEvent) => void;
  #trainer: () => Trainer;
  #reader = new Reader();
  #root = byId("own");
  #doing: Doing = "nothing";
  #turn = 0; // of what was asked last: what earlier ones answer is old
  #settings = fresh("", "own");
  #look?: Look;
  #stale = false; // the look is of other settings, of which there is none
  #files: Dropped[] = [];
  #ready?: { result: Result; packed: Packed[] };

  #drop = el("div", { class: "drop" });
  #words = el("p", { class: "own-words", id: "own-words", role: "status" });
  #bar = el("progress", { max: 1, value: 0, "aria-label": "Reading" });
  #going = el("div", { class: "going", hidden: true });
  #fault = el("div", { class: "problem", role: "alert", hidden: true });
  #form: ChoicesForm;
  #seen = el("div", { class: "seen-records" });
  #left = el("div");
  #read = el("button", { type: "button", class: "primary", click: () => this.#readNow() }, "Read them");
  #use = el("button", { type: "button", class: "primary", click: () => this.#useNow() }, "Train on these");
  #collection = new CollectionChoice();
  #keep = el("input", { type: "checkbox", id: "own-keep" });
  #keepWords = el("span");
  #keeping = el("label", { for: "own-keep" }, this.#keep, this.#keepWords);
  #found = el("div", { class: "found" });
  #drawn?: Look | Result;
  #taken: (name: string) => boolean;

  constructor(dispatch: (event: PageEvent) => void, trainer: () => Trainer, taken: (name: string) => boolean) {
    this.#dispatch = dispatch;
    this.#trainer = trainer;
    this.#taken = taken;
    this.#form = new ChoicesForm((change) => this.#changed(change), (column, epsilon) => void this.#findBounds(column, epsilon));
    this.#build();
    this.#listen();
  }

  #build() {
    const files = el("input", { type: "file", multiple: true, hidden: true, id: "own-files", "aria-label": "Files of your own" });
    const folder = el("input", { type: "file", webkitdirectory: true, hidden: true, id: "own-folder", "aria-label": "A folder of your own" });
    for (const input of [files, folder]) {
      input.addEventListener("change", () => {
        this.#take(chosen(input.files));
        input.value = ""; // so that the same can be chosen again
      });
    }
    this.#drop.append(
      el("p", {}, "Drop pictures, a table (CSV) or recordings (MP3, WAV) anywhere on this page, or paste them: files, a folder with a folder for each class, or a ZIP."),
      el("div", { class: "buttons" },
        el("button", { type: "button", click: () => files.click() }, "Choose files"),
        el("button", { type: "button", click: () => folder.click() }, "Choose a folder"), files, folder),
    );
    this.#going.append(this.#bar, el("button", { type: "button", class: "quiet", click: () => this.#cancel() }, "Cancel"));
    this.#root.append(
      el("div", { class: "own-head" },
        el("h2", { id: "own-title" }, "Your own data"),
        el("p", {}, "Read in this tab, for your eyes. Nothing is uploaded."),
        el("button", { type: "button", class: "quiet", click: () => this.#close() }, "Close")),
      this.#drop, this.#fault, el("div", { class: "own-act" }, this.#words, this.#read, this.#keeping, this.#use), this.#going,
      el("div", { class: "own-body" }, el("div", {}, this.#form.root), el("div", {}, this.#collection.root, this.#found, this.#seen, this.#left)),
    );
    this.#show();
  }

  #listen() {
    byId("own-open").addEventListener("click", () => this.open());
    document.addEventListener("dragover", (event) => {
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    document.addEventListener("drop", async (event) => {
      document.body.classList.remove("dropping");
      if (!holdsFiles(event.dataTransfer) || event.defaultPrevented) return;
      event.preventDefault();
      try {
        this.#take(await dropped(event.dataTransfer!));
      } catch (error) {
        this.#fail(error);
      }
    });
    document.addEventListener("paste", (event) => {
      if (!holdsFiles(event.clipboardData)) return;
      event.preventDefault();
      this.#take(chosen(event.clipboardData!.files));
    });
  }

  open() {
    this.#root.hidden = false;
    this.#root.scrollIntoView({ block: "nearest" });
    this.#drop.querySelector("button")!.focus();
    this.#turned(true);
  }

  /** The address says whether it is open: a link may lead here. */
  #turned(open: boolean) {
    this.#dispatch({ type: "turned panel", name: "own", open });
  }

  #close() {
    if (this.#doing !== "nothing") this.#cancel();
    this.#root.hidden = true;
    byId("own-open").focus();
    this.#turned(false);
  }

  #take(files: Dropped[]) {
    this.#root.hidden = false;
    if (files.length === 0) return this.#fail(new Refusal("There was no file in what was dropped."));
    if (this.#doing === "reading") return this.#fail(new Refusal("One import at a time: wait for the one that goes on, or cancel it, and drop these again."));
    if (this.#doing === "looking") this.#reader.cancel();
    this.#files = files;
    this.#reader.drop(files);
    this.#settings = fresh(titleOf(files), this.#free());
    this.#look = this.#ready = undefined;
    this.#collection.forget();
    this.#form.forget();
    this.#lookNow();
    this.#root.scrollIntoView({ block: "nearest" });
  }

  #changed(change: Partial<Settings>) {
    if (this.#doing === "reading") return;
    this.#settings = { ...this.#settings, ...change };
    this.#ready = undefined;
    this.#show();
    this.#lookSoon();
  }

  #lookSoon = debounced(200, () => this.#doing !== "reading" && this.#files.length > 0 && this.#lookNow());

  async #lookNow() {
    this.#stale = true;
    await this.#during("looking", async (turn) => {
      const look = await this.#reader.look(this.#settings, (p) => this.#progress(p));
      if (turn !== this.#turn) return;
      this.#look = look;
      this.#stale = false;
      this.#form.show(look, this.#settings);
    });
  }

  /** Bounds of a column by noised counts. Once they are charged they are kept, whatever else was asked for meanwhile. */
  async #findBounds(column: string, epsilon: number) {
    if (this.#doing !== "nothing") return;
    const files = this.#files;
    await this.#during("looking", async (turn) => {
      const counted = await this.#reader.count(this.#settings, column);
      if (turn !== this.#turn) return;
      const { low, high } = await this.#trainer().bounds({ column, collection: this.#collection.spendOn(), ...counted, epsilon, delta: Math.min(boundsDelta, 0.1 / counted.units) });
      if (files !== this.#files) return;
      const { columns } = this.#settings;
      this.#settings = { ...this.#settings, columns: { ...columns, [column]: { ...columns[column], low, high, released: true } } };
      this.#form.forget();
    });
    if (this.#fault.hidden) this.#lookSoon();
  }

  async #readNow() {
    if (this.#doing === "reading") return;
    await this.#during("reading", async (turn) => {
      const { result, packing } = await this.#reader.read(this.#settings, (p) => this.#progress(p));
      await this.#collection.look(packing.marks);
      if (turn === this.#turn) this.#ready = { result, packed: packing.files };
    });
    if (this.#ready) this.#use.focus();
  }

  /** Does one thing that takes time; a later one takes its place. */
  async #during(doing: Doing, act: (turn: number) => Promise<void>) {
    const turn = ++this.#turn;
    this.#doing = doing;
    this.#fault.hidden = true;
    this.#bar.removeAttribute("value");
    this.#show();
    try {
      await act(turn);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
    if (turn !== this.#turn) return;
    this.#doing = "nothing";
    this.#show();
  }

  #cancel() {
    this.#turn++;
    this.#doing = "nothing";
    this.#reader.cancel();
    this.#show();
    say(this.#words, "Cancelled. Nothing was kept of it.");
  }

  async #useNow() {
    if (!this.#ready || this.#use.disabled) return;
    const { result, packed } = this.#ready;
    const collection = this.#collection.name;
    this.#use.disabled = true; // it was pressed once
    const forgotten = await this.#collection.remember();
    this.#use.disabled = false;
    const choice: Choice = { name: this.#settings.name, title: this.#settings.title, source: { kind: "own", files: packed, collection }, recipe: result.recipe };
    const keep = this.#keep.checked;
    this.#keep.checked = false;
    this.#root.hidden = true;
    this.#turned(false);
    this.#ready = undefined;
    this.#dispatch({ type: "brought data", choice, keep });
    this.#settings = { ...this.#settings, name: this.#free() };
    this.#show();
    if (forgotten) this.#dispatch({ type: "heard", event: { type: "notice", message: forgotten } });
    byId("train").focus();
  }

  /** A name that no data on this page have: "own", "own-2", and so on. */
  #free(): string {
    for (let n = 1; ; n++) {
      const name = n === 1 ? "own" : `own-${n}`;
      if (!this.#taken(name)) return name;
    }
  }

  #progress({ records, bytes, total }: Progress) {
    if (total > 0) this.#bar.value = Math.min(1, bytes / total);
    say(this.#words, `${format.count(records)} records, ${sized(bytes)}${total > 0 ? ` of ${sized(total)}` : ""}.`);
  }

  #fail(error: unknown) {
    const { message, skipped } = error instanceof Refusal ? error : new Refusal(String((error as Error).message ?? error));
    this.#fault.hidden = false;
    this.#fault.replaceChildren(el("p", {}, message.endsWith(".") ? message : `${message}.`));
    if (skipped.length > 0) this.#fault.append(problems(skipped, true));
    this.#fault.scrollIntoView({ block: "nearest" });
  }

  #show() {
    const { result } = this.#ready ?? {};
    const look = this.#look;
    const busy = this.#doing !== "nothing";
    this.#going.hidden = !busy;
    this.#form.root.hidden = !look;
    this.#form.lock(this.#doing === "reading");
    this.#read.hidden = !look || result !== undefined;
    this.#read.disabled = busy || this.#stale || !look || look.needs !== "";
    this.#use.hidden = this.#keeping.hidden = !result;
    this.#collection.root.hidden = !look;
    if (this.#ready) say(this.#keepWords, `Keep them in this browser (${sized(this.#ready.packed.reduce((sum, { blob }) => sum + blob.size, 0))})`);
    if (!busy) say(this.#words, result ? readWords(result) : look && !this.#stale ? lookWords(look) : "");
    else if (this.#doing === "looking" && !look) say(this.#words, "Looking at what is there …");
    this.#draw(result ?? look, result, look);
  }

  /** Draws what is there to see, once: samples are pictures, and lists are long. */
  #draw(shown: Look | Result | undefined, result: Result | undefined, look: Look | undefined) {
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    this.#found.replaceChildren(...(result ? [forYourEyes(), classBars(result)] : []));
    this.#seen.replaceChildren(...(shown?.samples?.length ? [samples(shown.samples, shapeOf(result, look), result?.columns ?? [], this.#files)] : []));
    this.#left.replaceChildren(
      ...(shown?.skipped.length ? [problems(shown.skipped, !result)] : []),
      ...(result?.damaged.length ? [problems(result.damaged, false, "damaged, and read all the same")] : []));
  }
}

const forYourEyes = () => el("p", { class: "eyes" }, el("strong", {}, "For your eyes."), " These counts are exact. They are shown here, saved nowhere, and part of no result.");

const shapeOf = (result: Result | undefined, look: Look | undefined): number[] => result?.shape ?? look?.shape ?? [];

const fresh = (title: string, name: string): Settings => ({ name, title, heldOut: 0.1, key: splitKey(), columns: {} });

/** What the files are called together: their folder, the one file, or what they are. */
function titleOf(files: Dropped[]): string {
  const top = files[0].name.split("/")[0];
  const together = files.length === 1 || files.every(({ name }) => name.startsWith(`${top}/`));
  return (together ? top.replace(/\.\w+$/, "") : "Your own data").slice(0, 80) || "Your own data";
}

const kinds: Record<string, string> = { image: "pictures", audio: "recordings", table: "rows" };

function lookWords(look: Look): string {
  if (look.kind === "raw") return `A dataset: ${look.format}, ${format.count(look.files)} files.`;
  const what = `${format.count(look.records)} ${kinds[look.kind] ?? "records"}`;
  const ofFile = /^[^:]*\.\w+: /.test(look.needs); // whose name stays as it is
  if (look.needs) return `${look.records > 0 ? `${what}. ` : ""}${ofFile ? look.needs : look.needs.charAt(0).toUpperCase() + look.needs.slice(1)}`;
  return `About ${what} of ${look.classes!.length} classes.`;
}

function readWords(r: Result): string {
  const persons = r.persons > 0 ? ` of ${format.count(r.persons)} persons` : "";
  const held = r.test > 0 ? `, ${format.count(r.test)} held out for testing` : "";
  return `${format.count(r.train + r.test)} records${persons} were read: ${format.count(r.train)} to train on${held}.`;
}
