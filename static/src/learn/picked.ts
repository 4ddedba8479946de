// One picture through the map: where an atom lights up, what is pooled of that, and the vector.
import { centred } from "../results/digit";
import { Pad } from "../results/pad";
import { picture } from "../results/samples";
import { el, fill, say, svg } from "../ui/dom";
import * as format from "../ui/format";
import { at, atomSheet, placeOf, portrait } from "./atoms";
import { type Dictionary, type Seen, dictionary, digits, seen } from "./making";
import { Work, figure, outOf, sheet } from "./sheet";

const side = 28;
const digit = { channels: 1, height: side, width: side };

export class Picked extends HTMLElement {
  /** How far the vector is from that of the picture before. */
  answer?: number;
  /** The vector of the picture, as bytes. */
  vector?: Uint8Array;

  #before?: number[]; // the last picture's vector
  #made?: Dictionary;
  #seen?: Seen;
  #pixels?: Uint8Array;
  #next?: Uint8Array; // picked while another was looked at
  #place = 0; // of the atom on the sheet
  #work = new Work();
  #start = el("button", { type: "button", class: "primary", click: () => void this.#begin() }, "Show the digits");
  #choice = el("div", { class: "choice", hidden: true });
  #shown = el("div", { class: "looked", hidden: true });
  #where = el("div", { class: "where" });
  #atom = el("div", { class: "atom" });
  #sheet = el("div", { class: "atoms" });
  #mark = el("span", { class: "mark" });
  #number = el("output");
  #slider = el("input", { type: "range", min: 1, step: 1, value: 1, input: () => this.#turn(Number(this.#slider.value) - 1) });
  #lit = el("p", { class: "lit", "aria-live": "polite" });
  #cells = el("div", { class: "cells" });
  #strip = el("div", { class: "strip" });
  #facts = el("dl", { class: "tiles" });
  #bytes = el("pre");
  #pad = new Pad("Drawing pad: draw a digit with the pointer, or take one of those beside it", (ink) => void this.#look(centred(ink, side, side)));

  connectedCallback() {
    if (this.#start.isConnected) return;
    const bytes = el("details", { toggle: () => this.#write() }, el("summary", {}, "The vector in numbers"), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The vector in numbers" }, this.#bytes));
    this.#shown.append(
      el("div", { class: "pair" },
        el("div", {}, figure("Where it lights up: squares where a window is like the atom, rings where it is like its opposite", el("div", { class: "both" }, this.#where, this.#atom)), this.#lit),
        el("div", {}, el("label", { class: "slide" }, el("span", {}, "Atom ", this.#number), this.#slider), this.#sheet)),
      figure("How much it lights up, in which part of the picture", this.#cells),
      figure("The vector: a row for each cell, a column for each atom and each opposite; grey is nought", this.#strip), this.#facts, bytes,
    );
    this.replaceChildren(el("div", { class: "buttons" }, this.#start), this.#choice, this.#work.root, this.#shown);
  }

  #begin() {
    this.#start.disabled = true;
    return this.#work.run("Drawing digits …", async () => {
      const { labels, pixels } = await digits().finally(() => (this.#start.disabled = false));
      const take = (pixels: Uint8Array) => {
        this.#pad.erase();
        void this.#look(pixels);
      };
      const buttons = labels.map((label, i) => el("button", { type: "button", class: "sample", "aria-label": `Take the ${label}`, click: () => take(pixels[i]) }, picture({ pixels: pixels[i], label }, digit)));
      this.#choice.replaceChildren(el("div", { class: "digits", role: "group", "aria-label": "Digits" }, ...buttons), el("div", {}, this.#pad.root, el("button", { type: "button", class: "quiet", click: () => this.#pad.erase() }, "Clear")));
      this.#choice.hidden = false;
      this.#start.hidden = true;
      return "Take a digit, or draw one.";
    });
  }

  /** Looks at a picture; at the one that was picked last, if several were meanwhile. */
  async #look(pixels: Uint8Array) {
    const busy = this.#next !== undefined;
    this.#next = pixels;
    if (busy) return;
    this.answer = this.vector = undefined; // they were another picture's
    await this.#work.run(this.#seen ? "Looking at it …" : "Making the map first; after that a picture takes no time …", async (tell) => {
      let now: Uint8Array | undefined;
      try {
        while (now !== this.#next) {
          now = this.#next!;
          this.#seen = await seen(now, tell);
          this.#made = await dictionary(tell); // which is made
          this.#pixels = now;
          this.#show();
        }
      } finally {
        this.#next = undefined;
      }
      this.#tell();
      return "";
    });
  }

  #show() {
    if (!this.#sheet.hasChildNodes()) {
      const { order } = this.#made!;
      const canvas = atomSheet(this.#made!, order);
      this.#slider.max = String(order.length);
      canvas.addEventListener("click", (event) => {
        const box = canvas.getBoundingClientRect();
        this.#turn(at((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, order.length));
      });
      this.#sheet.append(canvas, this.#mark);
      this.#place = order.indexOf(brightest(this.#seen!));
    }
    this.#shown.hidden = false;
    this.#turn(this.#place);
  }

  /** Shows another atom. */
  #turn(place: number) {
    const { order, patches } = this.#made!;
    const atom = order[place];
    this.#place = place;
    this.#slider.value = String(place + 1);
    say(this.#number, outOf(place + 1, order.length));
    this.#slider.setAttribute("aria-valuetext", this.#number.textContent!);
    const { x, y, wide, high } = placeOf(place, order.length);
    for (const [name, share] of Object.entries({ left: x, top: y, width: wide, height: high })) this.#mark.style.setProperty(name, `${100 * share}%`);
    this.#atom.replaceChildren(portrait(this.#made!, atom));
    this.#light(atom, patches.threshold);
    this.#pool(atom);
  }

  #light(atom: number, threshold: number) {
    const { rows, columns, responses } = this.#seen!;
    const z = responses[atom];
    const most = z.reduce((a, v) => Math.max(a, Math.abs(v)), threshold);
    const marks: SVGElement[] = [];
    const lit = { like: 0, unlike: 0 };
    const middle = this.#made!.patches.side / 2;
    z.forEach((v, i) => {
      if (Math.abs(v) <= threshold) return;
      const [cx, cy, share] = [(i % columns) + middle, Math.floor(i / columns) + middle, 0.35 + (0.65 * Math.abs(v)) / most];
      lit[v > 0 ? "like" : "unlike"]++;
      marks.push(v > 0 ? svg("rect", { x: cx - 0.4, y: cy - 0.4, width: 0.8, height: 0.8, opacity: share }) : svg("circle", { cx, cy, r: 0.33, opacity: share }));
    });
    const all = rows * columns;
    const drawing = svg("svg", { viewBox: `0 0 ${side} ${side}`, "aria-hidden": "true" });
    drawing.append(...marks);
    const under = picture({ pixels: this.#pixels!, label: 0 }, digit);
    under.setAttribute("role", "img");
    under.setAttribute("aria-label", "The picture, and where the atom lights up in it");
    this.#where.replaceChildren(under, drawing);
    say(this.#lit, `Of ${format.count(all)} windows ${format.count(lit.like)} are like this atom, ${format.count(lit.unlike)} like its opposite.`);
  }

  #pool(atom: number) {
    const { pooled } = this.#seen!;
    const { atoms, grid } = this.#made!.patches;
    const most = Math.max(1e-9, ...pooled.flatMap((cell) => [cell[atom], cell[atoms + atom]]));
    const table = (words: string, channel: number) => {
      const rows = Array.from({ length: grid }, (_, u) => el("tr", {}, ...Array.from({ length: grid }, (_, v) => {
        const value = pooled[u * grid + v][channel];
        const cell = el("td", {}, value.toFixed(2));
        cell.style.setProperty("--share", String(value / most));
        return cell;
      })));
      return el("table", {}, el("caption", {}, words), el("tbody", {}, ...rows));
    };
    this.#cells.replaceChildren(table("Like the atom", atom), table("Like its opposite", atoms + atom));
  }

  /** What is said of the whole vector. */
  #tell() {
    const { responses, vector, step } = this.#seen!;
    const { threshold } = this.#made!.patches;
    const lit = responses.reduce((sum, z) => sum + z.reduce((many, v) => many + Number(Math.abs(v) > threshold), 0), 0);
    this.vector = Uint8Array.from(vector.flatMap((cell) => [...cell]));
    const values = Array.from(this.vector, (byte) => (byte - 128) * step);
    const apart = this.#before && Math.hypot(...values.map((v, i) => v - this.#before![i]));
    this.answer = apart && Number(apart.toFixed(2));
    this.#before = values;
    const [high, wide] = [vector.length, vector[0].length];
    this.#strip.replaceChildren(sheet(`A strip of ${format.count(values.length)} greys`, [this.vector], { channels: 1, height: high, width: wide }, 1, 1));
    fill(this.#facts, [
      ["Numbers in it", format.count(values.length)],
      ["Length", Math.hypot(...values).toFixed(2)],
      ["From the one before", apart?.toFixed(2) ?? "–"],
      ["Lit, of all atoms and windows", format.percent(lit / (responses.length * responses[0].length), 1)],
    ]);
    this.#write();
  }

  /** Every number, for who looks there. */
  #write() {
    if (!this.#seen || !this.querySelector<HTMLDetailsElement>("details")!.open) return;
    const { vector, step } = this.#seen;
    say(this.#bytes, vector.map((cell, i) => `Cell ${i + 1}\n${[...cell].map((byte) => ((byte - 128) * step).toFixed(4)).join(" ")}`).join("\n"));
  }
}

/** The atom that most windows are like, or like its opposite. */
function brightest({ responses }: Seen): number {
  const sums = responses.map((z) => z.reduce((sum, v) => sum + Math.max(0, Math.abs(v) - 1), 0));
  return sums.indexOf(Math.max(...sums));
}
