// The leaderboard as a table whose heads sort it.
import type { Config } from "../protocol";
import { addressOf } from "../settings/address";
import { el } from "../ui/dom";
import * as format from "../ui/format";
import type { Column, Standing, View } from "./board";

const columns: [Column | undefined, string][] = [
  ["mechanism", "Mechanism"], ["accuracy", "Accuracy"], ["epsilon", "True ε"], [undefined, "Claimed ε"], ["setting", "Setting"], ["steps", "Steps"], ["seconds", "Seconds"], [undefined, "Try"],
];

export function rows(table: HTMLTableElement, standings: Standing[], view: View, sort: (by: Column) => void): string[] {
  const notes: string[] = [];
  const had = table.querySelector<HTMLElement>("button:focus")?.dataset.by;
  table.replaceChildren(
    el("thead", {}, el("tr", {}, ...columns.map(([by, label]) => head(by, label, view, sort)))),
    el("tbody", {}, ...standings.map((s) => row(s, notes))),
  );
  table.querySelector<HTMLElement>(`button[data-by="${had}"]`)?.focus();
  return notes;
}

function head(by: Column | undefined, label: string, view: View, sort: (by: Column) => void): HTMLElement {
  if (!by) return el("th", { scope: "col" }, label);
  const sorted = view.by === by ? (view.down ? "descending" : "ascending") : undefined;
  const mark = el("span", { "aria-hidden": "true" }, sorted ? (view.down ? " ↓" : " ↑") : "");
  return el("th", { scope: "col", "aria-sort": sorted }, el("button", { type: "button", class: "quiet", "data-by": by, click: () => sort(by) }, label, mark));
}

/** A claim that is disproven, or of what nothing can be proven of. */
const isWrong = ({ claimed, epsilon, unproven }: Standing): boolean => claimed !== undefined && (unproven !== undefined || (epsilon ?? 0) > 1.01 * Number(claimed));

function row(s: Standing, notes: string[]): HTMLElement {
  const cell = (words: string, kind = "") => el("td", { class: kind }, words);
  const marks = (s.notes ?? []).map((note) => {
    if (!notes.includes(note)) notes.push(note);
    return ` [${notes.indexOf(note) + 1}]`;
  });
  const name = el("th", { scope: "row" }, s.title, el("small", {}, ` ${s.title === s.mechanism ? "" : s.mechanism}${marks.join("")}`));
  const spread = s.runs ? el("small", {}, ` ± ${(100 * s.half).toFixed(2)}${s.runs === 1 ? " (1)" : ""}`) : "";
  return el(
    "tr",
    { class: s.own ? "own" : s.runs ? "" : "published" },
    name,
    el("td", { class: "figure" }, format.percent(s.accuracy), spread),
    cell(s.epsilon ? format.epsilon(s.epsilon) : (s.unproven ?? "not known"), s.epsilon ? "figure" : "words"),
    cell(s.claimed ?? "", isWrong(s) ? "wrong" : ""),
    cell(s.setting === "own" ? "your own" : s.runs ? s.setting : "published"),
    cell(s.steps ? format.count(s.steps) : ""),
    cell(s.seconds ? format.count(s.seconds) : ""),
    el("td", {}, ...(s.config ? [el("a", { href: addressFor(s, s.config), "aria-label": `Run it here: ${s.title}, ${s.mechanism}, setting ${s.setting}` }, "Run it here")] : [])),
  );
}

// Features are computed first: the page proposes the rest when they are there.
function addressFor(s: Standing, config: Config): string {
  if (s.features) return `train.html#${new URLSearchParams({ data: s.dataset })}`;
  if (config.mechanism.source !== undefined) return `mechanism.html#${new URLSearchParams({ data: s.dataset, code: config.mechanism.source })}`;
  return `train.html${addressOf(s.dataset, config)}`;
}
