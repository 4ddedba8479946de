// The drawer of the budget: what everything on the open records may cost, what it has cost, and its history. Every figure that
// claims a sum comes from the ledger as it was read when it was told.
import type { Config, LedgerTotal, Limit, Merged, Room, Spending, SpentRun } from "../protocol";
import { readNumber } from "../settings/numbers";
import { type PageEvent, type State, busy } from "../state/model";
import type { Trainer } from "../trainer/client";
import { isPersistent } from "../trainer/ledger-storage";
import { byId, el, fill, say } from "../ui/dom";
import * as format from "../ui/format";

const fileName = "cloister-ledgers.ledgers";
const maxFile = 64 * 2 ** 20 + 4; // that of dp/ledger

export class BudgetDrawer {
  #dispatch: (event: PageEvent) => void;
  #trainer: () => Trainer;
  #download: (bytes: Uint8Array, name: string) => void;
  #fold = byId<HTMLDetailsElement>("budget-drawer");
  #epsilon = el("input", { id: "limit-epsilon", type: "text", inputmode: "decimal", value: "8" });
  #delta = el("input", { id: "limit-delta", type: "text", inputmode: "decimal", value: "1e-5" });
  #whose = el("p", { class: "note" });
  #meter = el("div", { class: "meter limit", role: "meter", "aria-label": "Lifetime budget used", "aria-valuemin": 0, "aria-valuemax": 1 }, el("span"), el("i"));
  #words = el("p");
  #room = el("div", { class: "ways" });
  #sums = el("dl", { class: "plan" });
  #set = el("form", { class: "limit-form", submit: (event: Event) => this.#setNow(event) });
  #lift = el("button", { type: "button", class: "quiet", click: () => this.#ask("budget", { epsilon: 0, delta: 0 }) }, "Lift it");
  #history = el("table", { class: "history" });
  #told = el("p", { class: "note", role: "status" });
  #kept = el("p", { class: "note" });
  #state?: State;
  #of?: unknown; // what the history was asked for
  #shown: unknown[] = [];

  constructor(dispatch: (event: PageEvent) => void, trainer: () => Trainer, download: (bytes: Uint8Array, name: string) => void) {
    [this.#dispatch, this.#trainer, this.#download] = [dispatch, trainer, download];
    const file = el("input", { type: "file", accept: ".ledgers", hidden: true, "aria-label": "File of ledgers to merge", change: () => this.#import(file) });
    this.#set.append(
      el("label", { for: "limit-epsilon" }, "Lifetime ε"), this.#epsilon,
      el("label", { for: "limit-delta" }, "δ"), this.#delta,
      el("button", { type: "submit" }, "Set budget"), this.#lift);
    byId("budget-body").append(
      this.#whose, this.#meter, this.#words, this.#room, this.#set, this.#sums,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "What was spent: table" }, this.#history),
      el("div", { class: "buttons" },
        el("button", { type: "button", click: () => this.#export() }, "Export ledgers"),
        el("button", { type: "button", click: () => file.click() }, "Import ledgers"), file),
      this.#told, this.#kept, blindness());
    this.#fold.addEventListener("toggle", () => this.#state && this.show(this.#state));
  }

  show(state: State) {
    this.#state = state;
    const { dataset, run, preview, phase } = state;
    const total = busy(state) ? run?.ledger : (preview.ledger ?? run?.ledger);
    say(byId("budget-drawer-words"), dataset ? summary(total, dataset.nobodys) : "");
    if (!this.#fold.open || !dataset) return;
    const now = [dataset, total, phase, preview.plan];
    if (now.some((part, i) => part !== this.#shown[i])) {
      this.#shown = now;
      this.#draw(state, total);
    }
    const of = [dataset.name, dataset.collection, phase, state.noted].join();
    if (this.#of !== of) {
      this.#of = of;
      void this.#ask("spending");
      void this.#tellKept();
    }
  }

  #draw(state: State, total: LedgerTotal | undefined) {
    const { dataset, settings: { config } } = state;
    say(this.#whose, whose(dataset!));
    const limit = total?.budget;
    this.#meter.hidden = !limit;
    this.#lift.hidden = !limit;
    for (const field of this.#set.querySelectorAll<HTMLInputElement | HTMLButtonElement>("input, button")) field.disabled = busy(state);
    if (limit) {
      const [others, all] = [Math.min(limit.others, 1), Math.min(limit.total, 1)];
      const [bar, plan] = this.#meter.children as unknown as [HTMLElement, HTMLElement];
      bar.style.width = `${100 * others}%`;
      plan.style.width = `${100 * Math.max(0, all - others)}%`;
      this.#meter.setAttribute("aria-valuenow", String(others));
    }
    say(this.#words, limit ? limitWords(limit) : "No lifetime budget is set. With one, a run that would exceed it does not start, however it was chosen.");
    this.#room.replaceChildren(...(limit?.room ? this.#offers(limit.room, config, state) : []));
    fill(this.#sums, total ? sums(total) : []);
  }

  /** What still fits, to take with one press. */
  #offers(room: Room, config: Config, state: State): HTMLElement[] {
    const use = (words: string, ...set: [key: string, value: number][]) => el("button", { type: "button", class: "quiet", click: () => {
      for (const [key, value] of set) this.#dispatch({ type: "set", key, text: String(value) });
    } }, words);
    const offers: HTMLElement[] = [];
    const plan = state.preview.plan!;
    if (room.steps > 0) {
      const epochs = Math.floor((100 * room.steps) / plan.stepsPerEpoch + 1e-6) / 100;
      offers.push(use(`${format.count(room.steps)} steps at this noise (ε ${format.given(room.stepsEpsilon)})`, ["epochs", epochs], ["epsilon", room.stepsEpsilon]));
    }
    if (room.noiseEpsilon > 0) {
      offers.push(use(`All ${format.count(plan.steps)} steps at ${format.figure(room.noise, 3)} times the noise (ε ${format.given(room.noiseEpsilon)})`, ["epsilon", room.noiseEpsilon]));
    }
    return offers;
  }

  #setNow(event: Event) {
    event.preventDefault();
    const [first, second] = [readNumber("Lifetime ε", this.#epsilon.value), readNumber("δ", this.#delta.value)];
    if ("words" in first) return say(this.#told, first.words);
    if ("words" in second) return say(this.#told, second.words);
    const [epsilon, delta] = [first.value!, second.value!];
    if (!(epsilon > 0 && delta > 0 && delta < 1)) return say(this.#told, "A budget is an ε above 0 at a δ between 0 and 1.");
    void this.#ask("budget", { epsilon, delta });
  }

  async #ask(what: "spending"): Promise<void>;
  async #ask(what: "budget", budget: { epsilon: number; delta: number }): Promise<void>;
  async #ask(what: "spending" | "budget", budget?: { epsilon: number; delta: number }) {
    const { config } = this.#state!.settings;
    try {
      const spending = await this.#trainer().spending(config.delta, budget && { budget, config });
      this.#list(spending);
      if (!budget) return;
      say(this.#told, budget.epsilon ? "The budget is set." : "The budget is lifted. What was spent stays in the ledger.");
      this.#dispatch({ type: "looked" });
    } catch (error) {
      say(this.#told, (error as Error).message);
    }
  }

  #list({ runs }: Spending) {
    const head = el("thead", {}, el("tr", {}, ...["Day", "What", "Steps charged", "Cost alone", "Kept"].map((words) => el("th", { scope: "col" }, words))));
    const none = el("tr", {}, el("td", { colspan: 5 }, "Nothing was spent on these records in this browser."));
    this.#history.replaceChildren(el("caption", { class: "sr-only" }, "What was spent on these records"), head, el("tbody", {}, ...(runs.length ? runs.toReversed().map(line) : [none])));
  }

  async #export() {
    try {
      this.#download(await this.#trainer().exportLedgers(), fileName);
      say(this.#told, "All ledgers of this browser are in the file: what was spent on what, no record and no hash of one.");
    } catch (error) {
      say(this.#told, (error as Error).message);
    }
  }

  async #import(input: HTMLInputElement) {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    try {
      if (file.size > maxFile) throw new Error(`${file.name} has ${format.count(file.size)} bytes; no file of ledgers has more than ${format.count(maxFile)}.`);
      say(this.#told, mergedWords(await this.#trainer().importLedgers(new Uint8Array(await file.arrayBuffer()))));
      this.#of = undefined;
      this.#dispatch({ type: "looked" });
    } catch (error) {
      say(this.#told, (error as Error).message);
    }
  }

  async #tellKept() {
    say(this.#kept, (await isPersistent()) ? "The browser has promised to keep this ledger until you clear it." : "The browser has not promised to keep this ledger: it may be cleared when space runs short. Export it.");
  }
}

function summary(total: LedgerTotal | undefined, nobodys: boolean): string {
  if (nobodys) return "nobody's records: none is needed";
  if (!total) return "";
  if (total.budget) return total.budget.none ? "used up" : `${share(total.budget.others)} of ε = ${format.given(total.budget.epsilon)} used`;
  return total.forgets ? "no ledger here" : "none set";
}

function whose({ nobodys, own, collection }: { nobodys: boolean; own: boolean; collection: string }): string {
  if (nobodys) return "These digits are drawn by a program: they are nobody's, and need no ledger. What is spent on them is listed all the same, to show how one works.";
  if (own) return `These records belong to your collection “${collection}”. What any run on it spends counts for all of it, whatever you add, rename or pack again.`;
  return `The ledger of ${collection}. A published set is known by its content; here it is trained on as if it were private.`;
}

function limitWords({ epsilon, delta, day, others, total, none, room }: Limit): string {
  const set = `Lifetime budget ε = ${format.given(epsilon)} at δ = ${format.given(delta)}, set on ${day}.`;
  if (none) return `${set} Nothing more may run: ${none}.`;
  const used = ` ${share(others)} of it is used`;
  if (total === others) return `${set}${used}.`;
  if (total <= 1) return `${set}${used}, ${share(total)} with the run as set.`;
  const fits = room && (room.steps > 0 || room.noiseEpsilon > 0);
  return `${set}${used}. The run as set needs more than is left, and will not start. ${fits ? "What still fits:" : "Nothing of its kind fits any more."}`;
}

/** A share of a budget, rounded up. */
const share = (used: number) => (Number.isFinite(used) ? `${Math.ceil(100 * used - 1e-9)} %` : "more than all");

function sums({ others, total, delta, none, forgets, budget }: LedgerTotal): [string, string][] {
  const bound = (epsilon: number) => (forgets ? "unknown: no ledger here" : none ? `none: ${none}` : `ε ≤ ${format.epsilon(epsilon)} at δ = ${format.given(delta)}`);
  const rows: [string, string][] = [];
  if (budget && !budget.none) rows.push(["By the budget’s filter", `all runs stay below ε = ${format.given(budget.epsilon)}. Holds however later runs are chosen`]);
  rows.push(["Summed exactly, other runs", bound(others)]);
  if (total !== others) rows.push(["Summed exactly, with this run", bound(total)]);
  rows.push(["Condition of the sums", "no run’s settings were chosen by looking at what another one showed"]);
  if (budget) rows.push(["If you change the budget", "after looking at results, the new one is itself chosen by them: the promise is then the first one’s, for what was spent under it"]);
  return rows;
}

function line(run: SpentRun): HTMLElement {
  const cost = run.notPrivate ? `none: ${run.notPrivate}` : run.charged === 0 ? "nothing charged" : run.epsilon > 0 ? `ε ≤ ${format.epsilon(run.epsilon)} at δ = ${format.given(run.delta)}` : "in the total";
  const steps = run.steps ? `${format.count(run.charged)} of ${format.count(run.steps)}` : format.count(run.charged);
  return el("tr", {},
    el("td", {}, run.day || "–"),
    el("td", { title: run.segments ? `noise multiplier : sampling rate : steps = ${run.segments}` : undefined }, run.title, ...(run.elsewhere ? [el("small", {}, " from an imported ledger")] : [])),
    el("td", {}, steps),
    el("td", {}, cost),
    el("td", {}, run.kept.join(", ") || "–"));
}

function mergedWords(merged: Merged[]): string {
  const changed = merged.filter((m) => m.new || m.raised || m.budget);
  if (changed.length === 0) return "Nothing in the file was new: this browser knows all of it.";
  const words = changed.map(({ collection, new: news, raised, budget }) => {
    const parts = [news && `${format.count(news)} new`, raised && `${format.count(raised)} had spent more there`, budget && "its budget was taken over"].filter(Boolean);
    return `${collection || "unnamed records"}: ${parts.join(", ")}`;
  });
  return `Merged. ${words.join(". ")}. Nothing got lower.`;
}

function blindness(): HTMLElement {
  return el("details", { class: "blind" },
    el("summary", {}, "What this ledger cannot see"),
    el("p", {}, "It is kept by this browser, for this address. It knows nothing of another browser or profile, of another address (localhost and 127.0.0.1 are two), of a copy of this profile, of what was cleared, nor of what others did with the same records. Carry it by export and import: imports merge, and never lower a figure."),
    el("p", {}, "A run counts with its whole plan from its first step on, however early it was stopped. Imported runs that go on here are charged anew."));
}
