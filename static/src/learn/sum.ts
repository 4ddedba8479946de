// Clipping and noise, one record at a time: twelve gradients as arrows, the sum of what is left of them, and the noise that hides one.
import { el, fill, say, svg } from "../ui/dom";
import * as format from "../ui/format";

interface Arrow {
  x: number;
  y: number;
}

// Made up; the last is the one that may leave. Lengths from 0.4 to 6.
const gradients: Arrow[] = [
  { x: 1.0, y: 0.4 }, { x: 0.7, y: 0.9 }, { x: 1.3, y: -0.2 }, { x: 0.3, y: 0.3 }, { x: 0.9, y: 1.2 }, { x: -0.4, y: 0.8 },
  { x: 1.6, y: 0.5 }, { x: 0.6, y: -0.7 }, { x: 1.1, y: 0.1 }, { x: 0.2, y: 1.4 }, { x: 0.8, y: 0.6 }, { x: -4.8, y: 3.6 },
];
const odd = gradients.length - 1;

export class ClippedSum extends HTMLElement {
  /** How far the sum has moved when the odd record left. */
  answer?: number;

  #clip = 4;
  #noise = 0;
  #without = false;
  #drawn: Arrow[] = [];
  #picture = svg("svg", { viewBox: "-6 -9.5 20 15", role: "img" });
  #facts = el("dl", { class: "tiles" });
  #words = el("p", { role: "status", class: "verdict" });

  connectedCallback() {
    if (this.#facts.isConnected) return;
    this.replaceChildren(
      el("div", { class: "pair" }, this.#picture, el("div", {}, this.#slider("Clip norm C", 0.25, 7, 0.25, this.#clip, (v) => (this.#clip = v)), this.#slider("Noise multiplier σ", 0, 3, 0.1, this.#noise, (v) => (this.#noise = v)), this.#leave(), this.#draw(), this.#facts)),
      this.#words,
    );
    this.#show();
  }

  #slider(label: string, min: number, max: number, step: number, value: number, set: (value: number) => void): HTMLElement {
    const shown = el("output", {}, String(value));
    const input = el("input", { type: "range", min, max, step, value, input: () => {
      set(Number(input.value));
      shown.textContent = input.value;
      this.#drawn = [];
      this.#show();
    } });
    return el("label", { class: "slide" }, el("span", {}, label, " ", shown), input);
  }

  #leave(): HTMLElement {
    const turn = ({ target }: { target: HTMLInputElement }) => {
      this.#without = target.checked;
      this.#drawn = [];
      this.#show();
    };
    return el("label", { class: "check" }, el("input", { type: "checkbox", change: turn }), el("span", {}, "Take the odd record out"));
  }

  #draw(): HTMLElement {
    const draw = () => {
      const { x, y } = this.#sum(this.#without);
      const spread = this.#noise * this.#clip;
      this.#drawn.push({ x: x + spread * normal(), y: y + spread * normal() });
      this.#show();
    };
    return el("button", { type: "button", click: draw }, "Release the sum, with noise");
  }

  #clipped({ x, y }: Arrow): Arrow {
    const factor = Math.min(1, this.#clip / Math.hypot(x, y));
    return { x: factor * x, y: factor * y };
  }

  #sum(without: boolean): Arrow {
    return gradients.filter((_, i) => !(without && i === odd)).map((g) => this.#clipped(g)).reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }));
  }

  #show() {
    const [all, rest] = [this.#sum(false), this.#sum(true)];
    const moved = Math.hypot(all.x - rest.x, all.y - rest.y);
    this.answer = moved;
    const circle = (at: Arrow, r: number, of: string) => svg("circle", { cx: at.x, cy: -at.y, r, class: of });
    const arrow = (to: Arrow, of: string) => svg("path", { d: arrowTo(to), class: of });
    const here = this.#without ? rest : all;
    this.#picture.replaceChildren(
      circle({ x: 0, y: 0 }, this.#clip, "bound"),
      ...gradients.flatMap((g, i) => (this.#without && i === odd ? [] : [arrow(g, "whole"), arrow(this.#clipped(g), i === odd ? "kept odd" : "kept")])),
      ...(this.#noise > 0 ? [circle(here, this.#noise * this.#clip, "spread")] : []),
      arrow(here, "sum"),
      circle(this.#without ? all : rest, 0.16, "other"),
      circle(here, 0.16, "tip"),
      ...this.#drawn.map((at) => circle(at, 0.13, "released")),
    );
    this.#picture.setAttribute("aria-label", `Twelve arrows, each shortened to at most ${this.#clip}; their sum ends at ${here.x.toFixed(2)}, ${here.y.toFixed(2)}.`);
    const tiles: [string, string][] = [
      ["The sum moves by", format.figure(moved, 3)],
      ["Noise, each way", format.figure(this.#noise * this.#clip, 3)],
      ["Shortened", `${gradients.filter(({ x, y }) => Math.hypot(x, y) > this.#clip).length} of ${gradients.length}`],
    ];
    fill(this.#facts, tiles);
    const last = this.#drawn.at(-1);
    say(this.#words, last ? `Released: ${last.x.toFixed(2)}, ${last.y.toFixed(2)}. Was the odd record in it?` : "");
  }
}

/** A line from the origin, with a head. */
function arrowTo({ x, y }: Arrow): string {
  const long = Math.hypot(x, y) || 1;
  const head = Math.min(0.45, long / 3) / long;
  const [along, across] = [{ x: x * head, y: y * head }, { x: -y * head * 0.5, y: x * head * 0.5 }];
  const side = (sign: number) => `${x - along.x + sign * across.x} ${-(y - along.y + sign * across.y)}`;
  return `M0 0L${x} ${-y}M${side(1)}L${x} ${-y}L${side(-1)}`;
}

/** A standard normal (Box and Muller), for a picture: what trains draws from the operating system's randomness. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
