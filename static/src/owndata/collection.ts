// The choice of a collection: its name, and, for the owner's eyes only, which collections the new records are in already.
import { el, say } from "../ui/dom";
import * as format from "../ui/format";
import { type Overlap, firstCollection, names, overlaps, remember, tidied } from "./collections";
import { line } from "./fields";

export class CollectionChoice {
  readonly root = el("div", { class: "collection" });
  #name = el("input", { type: "text", id: "own-collection", value: firstCollection, list: "own-collections", maxlength: 60, autocomplete: "off" });
  #known = el("datalist", { id: "own-collections" });
  #found = el("div", {});
  #marks: BigUint64Array = new BigUint64Array();
  #shared: Overlap[] = [];
  #turn = 0;

  constructor() {
    this.#name.addEventListener("change", () => this.#tell());
    this.root.append(
      line("Collection", this.#name), this.#known,
      el("p", { class: "note" }, "One person’s records, one survey, one archive: what a run spends on any part of a collection counts for all of it, whatever you add, rename or pack again. The name is kept in the ledger; to know its records again, this browser keeps a keyed mark of each."),
      this.#found);
  }

  get name(): string {
    return tidied(this.#name.value);
  }

  /** The name, of which something is about to be spent on these records: from now on it stays. */
  spendOn(): string {
    this.#name.readOnly = true;
    return this.name;
  }

  /** Other records are there. */
  forget() {
    this.#turn++;
    this.#shared = [];
    this.#name.readOnly = false;
    this.#found.replaceChildren();
    void names().then((known) => this.#offer(known));
  }

  #offer(known: string[]) {
    this.#known.replaceChildren(...known.map((value) => el("option", { value })));
  }

  /** Tells which collections know these records. */
  async look(marks: BigUint64Array): Promise<void> {
    const turn = ++this.#turn;
    this.#marks = marks;
    this.#found.replaceChildren();
    try {
      const shared = await overlaps(this.#marks);
      if (turn !== this.#turn) return;
      this.#shared = shared;
      this.#tell();
    } catch {
      if (turn === this.#turn) say(this.#found, "This browser keeps nothing for this page: whether these records were used before cannot be told.");
    }
  }

  #isNamed(name: string): boolean {
    return name.toLowerCase() === this.name.toLowerCase();
  }

  #putInto(name: string) {
    this.#name.value = name;
    this.#tell();
    this.#name.focus();
  }

  #tell() {
    this.#found.replaceChildren(...this.#shared.slice(0, 5).map(({ name, shared }) => {
      const words = ` ${format.count(shared)} of these ${format.count(this.#marks.length)} records are in your collection “${name}”, by what they were made of. `;
      return el("p", { class: "eyes" }, el("strong", {}, "For your eyes."), words, ...this.#wayInto(name));
    }));
  }

  #wayInto(name: string): (Node | string)[] {
    if (this.#isNamed(name)) return ["All of these go there."];
    if (this.#name.readOnly) return ["Bounds were paid for elsewhere already: drop these again to put them there."];
    return [
      "Put all of these there, so that what they cost together is counted together? ",
      el("button", { type: "button", class: "quiet", click: () => this.#putInto(name) }, `Put them into “${name}”`)];
  }

  /** Remembers that the records are in the collection; answers what went wrong. */
  async remember(): Promise<string | undefined> {
    try {
      await remember(this.name, this.#marks);
      return undefined;
    } catch (error) {
      return `This browser could not remember which records are in “${this.name}”: ${(error as Error).message}. Whether later data share records with it cannot be told.`;
    }
  }
}
