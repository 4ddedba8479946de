// The leaderboard: every mechanism of the experiments beside what was published, to filter, sort, plot and run again.
import { Keeper } from "../kept/keeper";
import { KeptRuns } from "../kept/runs";
import { type Board, type Standing, type View, datasetsOf, ownStandings, readView, usual, viewed, writeView } from "../leaderboard/board";
import { Plot } from "../leaderboard/plot";
import { rows } from "../leaderboard/table";
import { byId, debounced, el, idle, pause, say } from "../ui/dom";
import * as format from "../ui/format";

declare const BOARD: Board; // the build's, from docs/experiments

const titles: Record<string, string> = { mnist: "MNIST", "fashion-mnist": "Fashion-MNIST", "cifar-10": "CIFAR-10" };
const form = byId<HTMLFormElement>("view");
const setting = byId<HTMLSelectElement>("setting");
const find = byId<HTMLInputElement>("find");
const table = byId<HTMLTableElement>("standings");
const plot = new Plot(byId("plot"));

let own: Standing[] = [];
let view: View = usual;

byId("datasets").append(...datasetsOf(BOARD).map((name) => el("label", {}, el("input", { type: "radio", name: "data", value: name }), el("span", {}, titles[name] ?? name))));
setting.append(
  ...[["", "All settings"], ...BOARD.settings.map(({ setting, title }) => [setting, `${setting}: ${title}`]), ["published", "Published"], ["own", "Your runs"]].map(([value, words]) => el("option", { value }, words)),
);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => look({ ...view, data: String(new FormData(form).get("data")), setting: setting.value, find: find.value }));
const searched = debounced(200, () => look({ ...view, find: find.value }));
find.addEventListener("input", searched);
addEventListener("hashchange", () => look(readView(location.hash, BOARD)));

function look(next: View) {
  view = next;
  (form.elements.namedItem("data") as RadioNodeList).value = view.data;
  setting.value = view.setting;
  if (find.value !== view.find) find.value = view.find;
  history.replaceState(null, "", writeView(view));
  const shown = viewed([...BOARD.standings, ...own], view);
  const notes = rows(table, shown, view, (by) => look({ ...view, by, down: view.by === by ? !view.down : by !== "mechanism" && by !== "setting" }));
  const unproven = plot.show(shown);
  say(byId("shown"), `${format.count(shown.length)} ${shown.length === 1 ? "row" : "rows"}${unproven > 0 ? `, ${format.count(unproven)} of them without a proven epsilon and not in the plot` : ""}.`);
  byId("notes").replaceChildren(...notes.map((note) => el("li", {}, note)));
  const about = BOARD.settings.find((s) => s.setting === view.setting);
  say(byId("about"), about?.about ?? "");
}

await pause();
look(readView(location.hash, BOARD));
byId("board").classList.remove("unmade");
await idle(); // runs are read by a worker, which takes a processor
void new KeptRuns(new Keeper(), (event) => {
  if (event.type !== "found kept") return;
  own = ownStandings(event.runs, BOARD);
  if (own.length > 0) look(view);
}).find();
