// A pad to draw on with a pointer.
import { el } from "../ui/dom";
import type { Grey } from "./digit";

const side = 168; // in its own pixels

export class Pad {
  root: HTMLCanvasElement;
  #drawn: (ink: Grey) => void;

  /** drawn is called after each stroke. */
  constructor(label: string, drawn: (ink: Grey) => void) {
    this.root = el("canvas", { width: side, height: side, class: "pad", tabindex: 0, role: "img", "aria-label": label });
    this.#drawn = drawn;
    this.#listen();
  }

  erase() {
    this.root.getContext("2d")!.clearRect(0, 0, side, side);
  }

  #listen() {
    const pad = this.root;
    let last: { x: number; y: number } | undefined;
    const at = (event: PointerEvent) => {
      const box = pad.getBoundingClientRect();
      return { x: ((event.clientX - box.left) * side) / box.width, y: ((event.clientY - box.top) * side) / box.height };
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      last = at(event);
      this.#stroke(last, last);
    });
    pad.addEventListener("pointermove", (event) => {
      if (!last) return;
      const next = at(event);
      this.#stroke(last, next);
      last = next;
    });
    for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (last = undefined));
  }

  #stroke(from: { x: number; y: number }, to: { x: number; y: number }) {
    const context = this.root.getContext("2d", { willReadFrequently: true })!;
    context.lineWidth = 15;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#fff"; // ink is what is not transparent; the style sheet colours the pad
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    const { data } = context.getImageData(0, 0, side, side);
    this.#drawn({ width: side, height: side, values: Uint8Array.from({ length: side * side }, (_, i) => data[4 * i + 3]) });
  }
}
