// Many small pictures on one canvas, and how far a computation is.
import type { Progress } from "../features/messages";
import { el, say } from "../ui/dom";
import * as format from "../ui/format";

export interface Shape {
  channels: number;
  height: number;
  width: number;
}

const gap = 1; // between pictures, in their pixels

/** Pictures, columns of them in a row, each pixel so many of the canvas. words are for who cannot see them. */
export function sheet(words: string, pictures: Uint8Array[], shape: Shape, columns: number, size: number): HTMLCanvasElement {
  const rows = Math.ceil(pictures.length / columns);
  const [wide, high] = [shape.width + gap, shape.height + gap];
  const canvas = el("canvas", { width: size * (columns * wide - gap), height: size * (rows * high - gap), role: "img", "aria-label": words });
  const context = canvas.getContext("2d")!;
  context.imageSmoothingEnabled = false;
  const small = el("canvas", { width: shape.width, height: shape.height });
  for (const [i, picture] of pictures.entries()) {
    small.getContext("2d")!.putImageData(pixels(picture, shape), 0, 0);
    context.drawImage(small, size * (i % columns) * wide, size * Math.floor(i / columns) * high, size * shape.width, size * shape.height);
  }
  return canvas;
}

function pixels(picture: Uint8Array, { channels, height, width }: Shape): ImageData {
  const image = new ImageData(width, height);
  const size = width * height;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = picture[channels === 3 ? c * size + i : i];
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** Grey for zero; the largest of either sign is white or black. */
export function signed(values: Float32Array): Uint8Array {
  const most = values.reduce((a, v) => Math.max(a, Math.abs(v)), 1e-9);
  return Uint8Array.from(values, (v) => Math.round(128 + (127 * v) / most));
}

/** A button's work: what is going on in words, a bar, and what went wrong. One at a time. */
export class Work {
  root = el("div", { class: "work" });
  #words = el("p", { role: "status", class: "verdict" });
  #bar = el("progress", { max: 1, "aria-label": "How far it is", hidden: true });
  #busy = false;

  constructor() {
    this.root.append(this.#words, this.#bar);
  }

  async run(words: string, work: (tell: (p: Progress) => void) => Promise<string>) {
    if (this.#busy) return;
    this.#busy = true;
    say(this.#words, words);
    this.#bar.removeAttribute("value");
    this.#bar.hidden = false;
    try {
      say(this.#words, await work(({ done }) => (this.#bar.value = done)));
    } catch (error) {
      say(this.#words, `That did not work: ${(error as Error).message}`);
    }
    this.#bar.hidden = true;
    this.#busy = false;
  }
}

export const figure = (words: string, ...children: HTMLElement[]) => el("figure", {}, ...children, el("figcaption", {}, words));

/** "3 of 40" with thousands. */
export const outOf = (part: number, all: number) => `${format.count(part)} of ${format.count(all)}`;
