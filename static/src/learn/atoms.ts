// A dictionary: windows before and after the whitening, and the atoms that they cluster around.
import { el, fill } from "../ui/dom";
import * as format from "../ui/format";
import { type Dictionary, dictionary } from "./making";
import { Work, figure, sheet, signed } from "./sheet";

const columns = 16;

const shape = ({ patches: { side } }: Dictionary) => ({ channels: 1, height: side, width: side });

export class Atoms extends HTMLElement {
  #facts = el("dl", { class: "tiles" });
  #windows = el("div", { class: "pair small" });
  #atoms = el("div");
  #work = new Work();
  #button = el("button", { type: "button", class: "primary", click: () => void this.#make() }, "Make the dictionary");

  connectedCallback() {
    if (this.#button.isConnected) return;
    this.replaceChildren(el("div", { class: "buttons" }, this.#button), this.#work.root, this.#windows, this.#facts, this.#atoms);
  }

  #make() {
    this.#button.disabled = true;
    return this.#work.run("Drawing all pictures, and clustering their windows …", async (tell) => {
      const made = await dictionary(tell).catch((error) => {
        this.#button.disabled = false;
        throw error;
      });
      this.#show(made);
      this.#button.hidden = true;
      return `Done: map ${made.fingerprint.slice(0, 12)}, the same on every machine.`;
    });
  }

  #show(made: Dictionary) {
    const { patches, before, after, order, alike } = made;
    const few = (words: string, windows: Float32Array[]) => figure(words, sheet(`${windows.length} windows, ${words.toLowerCase()}`, windows.map(signed), shape(made), 8, 4));
    this.#windows.replaceChildren(few("Before whitening", before), few("The same, whitened", after));
    const { images, windows, rounds } = patches.synthetic;
    fill(this.#facts, [
      ["Correlation with the next pixel", `${format.figure(alike[0], 2)} → ${format.figure(alike[1], 2)}`],
      ["Pictures", format.count(images)],
      ["Windows", format.count(windows)],
      ["Rounds", format.count(rounds)],
      ["Atoms", format.count(patches.atoms)],
    ]);
    this.#atoms.replaceChildren(figure("All atoms, from smooth to rough: each as the window that it stands for", atomSheet(made, order)));
  }
}

/** Atoms in the order that is given. */
export function atomSheet(made: Dictionary, order: number[]): HTMLCanvasElement {
  return sheet(`The ${order.length} atoms of the dictionary: spots, edges and stripes in many directions`, order.map((j) => signed(made.portraits[j])), shape(made), columns, 4);
}

export const portrait = (made: Dictionary, atom: number): HTMLCanvasElement => sheet("The atom", [signed(made.portraits[atom])], shape(made), 1, 8);

/** Which of a sheet's pictures is at a place, given as shares of its width and height; and where one is. */
export const at = (x: number, y: number, count: number) => Math.min(count - 1, Math.floor(y * Math.ceil(count / columns)) * columns + Math.min(columns - 1, Math.floor(x * columns)));
export const placeOf = (i: number, count: number) => ({ x: (i % columns) / columns, y: Math.floor(i / columns) / Math.ceil(count / columns), wide: 1 / columns, high: 1 / Math.ceil(count / columns) });
