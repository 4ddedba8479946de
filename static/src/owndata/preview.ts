// What was found, for its owner's eyes: samples, records per class, what could not be read.
import { el } from "../ui/dom";
import * as format from "../ui/format";
import { picture } from "../results/samples";
import { bytesOf } from "../ui/base64";
import type { Dropped } from "./dropped";
import type { Column, Problem, Result, Sample } from "./messages";

const listed = 200; // problems at most

export function problems(all: Problem[], open: boolean, what = "left out, and why"): HTMLElement {
  const lines = all.slice(0, listed).map(({ file, reason }) => el("li", {}, el("strong", {}, file), ` ${reason}`));
  if (all.length > listed) lines.push(el("li", {}, `and ${format.count(all.length - listed)} more`));
  const words = `${format.count(all.length)} ${what}`;
  return el("details", { class: "left-out", open }, el("summary", {}, words), el("ul", { tabindex: 0, "aria-label": words }, ...lines));
}

export function classBars(result: Result): HTMLElement {
  const most = Math.max(...result.perClass, 1);
  const bar = (name: string, n: number) => {
    const fill = el("span");
    fill.style.inlineSize = `${(100 * n) / most}%`;
    return el("li", {}, el("span", { class: "name" }, name), el("span", { class: "track" }, fill), el("span", { class: "share" }, format.count(n)));
  };
  const facts = [`${sized(result.bytes)} in this tab`, result.shape.length === 1 ? `${result.shape[0]} values a record` : `${result.shape.join(" × ")} values a record`];
  if (result.duplicates > 0) facts.push(`${format.count(result.duplicates)} twice there: the same source, byte by byte`);
  return el("div", {}, el("h3", {}, "Records per class"), el("ol", { class: "bars counts", tabindex: 0, "aria-label": "Records per class" }, ...result.classes.map((name, i) => bar(name, result.perClass[i]))), el("p", { class: "note" }, `${facts.join("; ")}.`));
}

export function samples(all: Sample[], shape: number[], columns: Column[], files: Dropped[]): HTMLElement {
  if (all[0].floats) return rows(all, columns);
  const [channels, height, width] = shape;
  const one = ({ pixels, label, file }: Sample) => {
    // Time runs to the right in a spectrogram, and low sounds are below: a record has a row for each frame.
    const spectrogram = isSound(file) || height > 1 && files.some(({ name }) => isSound(name));
    const bytes = bytesOf(pixels!);
    const canvas = spectrogram
      ? picture({ pixels: upright(bytes, height, width), label: 0 }, { channels: 1, height: width, width: height } as never)
      : picture({ pixels: bytes, label: 0 }, { channels, height, width } as never);
    const source = isSound(file) ? files.find(({ name }) => name === file || name.endsWith(`/${file}`)) : undefined;
    return el("li", {}, canvas, el("span", {}, label), ...(source ? [listen(source.file)] : []));
  };
  return el("div", {}, el("h3", {}, "Samples ", el("small", {}, "as the network will see them")), el("ul", { class: "samples own-samples" }, ...all.map(one)));
}

const isSound = (name: string) => /\.(mp3|wave?)$/i.test(name);

function upright(frames: Uint8Array, height: number, width: number): Uint8Array {
  return Uint8Array.from({ length: frames.length }, (_, i) => frames[(i % height) * width + (width - 1 - Math.floor(i / height))]);
}

function listen(file: File): HTMLButtonElement {
  return el("button", {
    type: "button", class: "quiet icon", title: "Listen", "aria-label": `Listen to ${file.name}`,
    click: () => {
      const url = URL.createObjectURL(file);
      const audio = new Audio(url);
      audio.onended = audio.onerror = () => URL.revokeObjectURL(url);
      audio.play().catch(() => URL.revokeObjectURL(url));
    },
  }, "▶");
}

function rows(all: Sample[], columns: Column[]): HTMLElement {
  const head = columns.flatMap((c) => {
    const values = c.Categories?.length ? c.Categories.map((text) => `${c.Name}: ${text}`) : [c.Name];
    return c.Optional ? [...values, `${c.Name}: missing`] : values;
  });
  const line = ({ floats, label }: Sample) => el("tr", {}, el("th", { scope: "row" }, label), ...floats!.map((v) => el("td", {}, format.figure(v))));
  return el("div", {}, el("h3", {}, "Samples ", el("small", {}, "as the network will see them, before scaling by the bounds")),
    el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Sample rows" },
      el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Label"), ...head.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...all.map(line)))));
}

/** 1234567 -> "1.2 MB". */
export function sized(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
