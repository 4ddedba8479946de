// What this browser keeps for the page, with its size, and how to be rid of it.
import { type PageEvent, type State, busy } from "../state/model";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";
import { sized } from "../owndata/preview";
import { sizeOf } from "./data";
import type { Keeper } from "./keeper";
import type { KeptFile } from "./messages";

export class KeptPanel {
  #keeper: Keeper;
  #dispatch: (event: PageEvent) => void;
  #root = byId<HTMLDetailsElement>("storage-panel");
  #body = byId("storage");
  #shown: unknown[] = [];

  constructor(keeper: Keeper, dispatch: (event: PageEvent) => void) {
    this.#keeper = keeper;
    this.#dispatch = dispatch;
  }

  show(state: State) {
    say(byId("storage-words"), state.unkept ? "nothing: see the log" : "runs, the ledger, and data if you say so");
    const now = [this.#root.open, state.kept, state.choices, state.unkept, state.run?.stored, state.run?.id, busy(state)];
    if (!this.#root.open || now.every((part, i) => part === this.#shown[i])) return;
    this.#shown = now;
    void this.#fill(state);
  }

  async #fill(state: State) {
    const files = await this.#keeper.list().catch((): KeptFile[] => []);
    const size = (prefix: string) => files.filter(({ name }) => name.startsWith(prefix)).reduce((sum, file) => sum + file.size, 0);
    const runs = files.filter(({ name }) => name.startsWith("run "));
    const own = state.choices.filter(({ source }) => source.kind === "own");
    const forget = el("button", { type: "button", disabled: busy(state), click: () => this.#dispatch({ type: "wants to forget" }) }, "Forget everything");
    this.#body.replaceChildren(
      ...(state.unkept ? [el("p", {}, state.unkept)] : []),
      el("p", {}, `${format.count(runs.length)} ${runs.length === 1 ? "run" : "runs"}, ${sized(size("run "))}: settings, curves and the model to go on from. A private run's file holds nothing but what was released.`),
      el("ul", { class: "stored" }, ...own.map((choice) => this.#data(choice.name, choice.title, sizeOf(choice), choice.kept === true, state))),
      el("p", {}, "The ledger of what was spent, and the key that decides which of your records are held out."),
      forget,
    );
  }

  #data(name: string, title: string, bytes: number, kept: boolean, state: State): HTMLElement {
    const keep = el("input", { type: "checkbox", id: `keep-${name}`, checked: kept, disabled: busy(state) && state.data === name, change: () => this.#dispatch({ type: "keeps data", name, on: keep.checked }) });
    return el("li", {}, el("label", { for: keep.id }, keep, `Keep ${title} in this browser: ${sized(bytes)}, readable by whoever uses this browser`));
  }
}
