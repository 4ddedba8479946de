// The confusion matrix as a table: rows are what a record is, columns what it was taken for.
import type { State } from "../state/model";
import { lastEpoch } from "../state/run";
import { byId, el } from "../ui/dom";
import * as format from "../ui/format";

let shown: number[][] = [];

/** Of a public test set only; until there is one, its place is kept. */
export function showConfusion({ dataset, run }: State) {
  if (!dataset) return;
  const matrix = (run?.planned && lastEpoch(run)?.confusion) || [];
  byId("confusion-panel").hidden = !dataset.testPublic;
  byId("confusion-empty").hidden = matrix.length > 0;
  if (matrix === shown || (matrix.length === 0 && shown.length === 0)) return;
  shown = matrix;
  byId("confusion").parentElement!.hidden = matrix.length === 0;
  byId("confusion").replaceChildren(...(matrix.length > 0 ? rows(run!.dataset.classes, matrix) : []));
}

function rows(classes: string[], matrix: number[][]): Node[] {
  const columns = classes.map((name) => el("th", { scope: "col" }, name));
  const body = matrix.map((row, truth) => {
    const total = row.reduce((sum, n) => sum + n, 0) || 1;
    const cells = row.map((n, predicted) => {
      const cell = el("td", { class: truth === predicted ? "right" : "wrong" }, n ? format.count(n) : "·");
      cell.style.setProperty("--share", String(n / total));
      return cell;
    });
    return el("tr", {}, el("th", { scope: "row" }, classes[truth]), ...cells);
  });
  return [el("thead", {}, el("tr", {}, el("td"), ...columns)), el("tbody", {}, ...body)];
}
