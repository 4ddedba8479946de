// What happened, by step and epoch: never by the clock, which would tell how long steps took.
import type { State } from "../state/model";
import { byId, el, say } from "../ui/dom";

let shown: State["log"] = [];

export function showLog({ log }: State) {
  if (log === shown) return;
  const list = byId("log");
  const fresh = shown.length ? log.indexOf(shown[0]) : log.length;
  const lines = log.slice(0, fresh < 0 ? log.length : fresh);
  list.prepend(...lines.map(({ at, words }) => el("li", {}, el("span", { class: "at" }, at), el("span", {}, words))));
  while (list.childElementCount > log.length) list.lastElementChild!.remove();
  say(byId("log-words"), log[0]?.words ?? "");
  shown = log;
}
