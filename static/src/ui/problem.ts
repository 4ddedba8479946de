// An error, where a person sees it, with the ways out as buttons.
import { el } from "./dom";

export interface WayOut {
  label: string;
  act: () => void;
}

export class Problem {
  #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  show(message: string, ways: WayOut[] = []) {
    const button = ({ label, act }: WayOut) =>
      el("button", { type: "button", class: "quiet", click: () => (this.clear(), act()) }, label);
    const dismiss = { label: "Dismiss", act: () => {} };
    this.#host.replaceChildren(el("p", {}, message), el("div", { class: "ways" }, ...[...ways, dismiss].map(button)));
    this.#host.hidden = false;
    this.#host.scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.#host.hidden = true;
    this.#host.replaceChildren();
  }
}
