// The confusion matrix as a table: rows are what a record is, columns what it was taken for.
import { el } from "../ui/dom";
import * as format from "../ui/format";

export function showConfusion(table: HTMLTableElement, classes: string[], confusion: number[][]) {
  const columns = classes.map((name) => el("th", { scope: "col" }, name));
  const rows = confusion.map((row, truth) => {
    const total = row.reduce((sum, n) => sum + n, 0) || 1;
    const cells = row.map((n, predicted) => {
      const cell = el("td", { class: truth === predicted ? "right" : "wrong" }, n ? format.count(n) : "·");
      cell.style.setProperty("--share", String(n / total));
      return cell;
    });
    return el("tr", {}, el("th", { scope: "row" }, classes[truth]), ...cells);
  });
  table.replaceChildren(
    el("caption", {}, "Rows: what a test record is. Columns: what the network takes it for."),
    el("thead", {}, el("tr", {}, el("td"), ...columns)),
    el("tbody", {}, ...rows),
  );
}
