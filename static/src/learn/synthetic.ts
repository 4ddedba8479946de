// Pictures that are nobody's, a few at a time.
import { el } from "../ui/dom";
import * as format from "../ui/format";
import { pictures } from "./making";
import { Work, figure, sheet } from "./sheet";

const count = 18;
const kinds = [
  { colour: true, name: "Leaves, for photographs" },
  { colour: false, name: "Leaves and strokes, for pictures of one colour" },
];

export class Synthetic extends HTMLElement {
  #next = 0;
  #shown = el("div", { class: "pair" });
  #work = new Work();
  #button = el("button", { type: "button", class: "primary", click: () => void this.#draw() }, "Draw some");

  connectedCallback() {
    if (this.#button.isConnected) return;
    this.replaceChildren(el("div", { class: "buttons" }, this.#button), this.#work.root, this.#shown);
  }

  #draw() {
    return this.#work.run("Loading the program …", async () => {
      const drawn = await Promise.all(kinds.map(({ colour }) => pictures(colour, this.#next, count)));
      const last = this.#next + count;
      this.#shown.replaceChildren(...drawn.map(({ pixels, shape }, i) => figure(kinds[i].name, sheet(`${count} small pictures. ${kinds[i].name}.`, pixels, shape, 6, 2))));
      const { images, seed } = drawn[0].synthetic;
      const words = `Pictures ${format.count(this.#next + 1)} to ${format.count(last)} of each kind's ${format.count(images)}, drawn with the number ${seed}.`;
      this.#next = last + count > images ? 0 : last;
      this.#button.textContent = "Draw the next";
      return words;
    });
  }
}
