// What happened, line by line. Lines come from public events and the trainer's notices only.
import { el } from "../ui/dom";

const kept = 200;

export class Log {
  #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  add(words: string) {
    const now = new Date();
    const time = now.toLocaleTimeString("en-GB");
    this.#list.prepend(el("li", {}, el("time", { datetime: now.toISOString() }, time), el("span", {}, words)));
    while (this.#list.childElementCount > kept) this.#list.lastElementChild!.remove();
  }
}
