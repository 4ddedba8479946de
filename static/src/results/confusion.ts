// The confusion matrix as a table: rows are what a record is, columns what it was taken for.
import type { State } from "../state/model";
import { lastEpoch } from "../state/run";
import { byId, el, say } from "../ui/dom";
import * as format from "../ui/format";

let shown: number[][] = [];
let cells: HTMLElement[][] = [];
let of: string[] = []; // the classes that the table has rows for

/** Of a public test set only; until there is one, its place is kept. */
export function showConfusion({ dataset, run }: State) {
  if (!dataset) return;
  const matrix = (run?.planned && lastEpoch(run)?.confusion) || [];
  byId("confusion-panel").hidden = !dataset.testPublic;
  byId("confusion-empty").hidden = matrix.length > 0;
  if (matrix === shown || (matrix.length === 0 && shown.length === 0)) return;
  shown = matrix;
  byId("confusion").parentElement!.hidden = matrix.length === 0;
  const classes = matrix.length === 0 ? [] : run!.dataset.classes;
  if (classes !== of) byId("confusion").replaceChildren(...rows((of = classes)));
  matrix.forEach((row, truth) => fill(row, cells[truth]));
}

/** A table with empty cells, which stay: only what changes is laid out again. Nothing without classes. */
function rows(classes: string[]): Node[] {
  if (classes.length === 0) return [];
  const columns = classes.map((name) => el("th", { scope: "col" }, name));
  cells = classes.map((_, truth) => classes.map((_, predicted) => el("td", { class: truth === predicted ? "right" : "wrong" })));
  const body = classes.map((name, truth) => el("tr", {}, el("th", { scope: "row" }, name), ...cells[truth]));
  return [el("thead", {}, el("tr", {}, el("td"), ...columns)), el("tbody", {}, ...body)];
}

function fill(row: number[], cells: HTMLElement[]) {
  const total = row.reduce((sum, n) => sum + n, 0) || 1;
  row.forEach((n, predicted) => {
    say(cells[predicted], n ? format.count(n) : "·");
    cells[predicted].style.setProperty("--share", String(n / total));
  });
}
