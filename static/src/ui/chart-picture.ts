// A chart as a PNG: title, plot and legend on the page's own paper.
import { resolved } from "./chart";
import { el } from "./dom";

export interface Key {
  label: string;
  colour: string;
  dashed?: boolean;
}

/** Hands over what is drawn in plot as a file. */
export function savePicture(title: string, plot: HTMLElement, keys: Key[]) {
  const drawn = plot.querySelector("canvas");
  if (!drawn) return;
  const scale = drawn.width / plot.clientWidth;
  const line = 28 * scale;
  const picture = el("canvas", { width: drawn.width + 2 * line, height: drawn.height + (keys.length ? 3.5 : 2.5) * line });
  const context = picture.getContext("2d")!;
  const family = getComputedStyle(plot).fontFamily;
  context.fillStyle = resolved(plot, "--card");
  context.fillRect(0, 0, picture.width, picture.height);
  context.fillStyle = resolved(plot, "--ink");
  context.font = `600 ${16 * scale}px ${family}`;
  context.fillText(title, line, 1.2 * line);
  context.drawImage(drawn, line, 1.6 * line);
  context.font = `${13 * scale}px ${family}`;
  let x = line;
  for (const { label, colour, dashed } of keys) {
    const y = picture.height - 0.9 * line;
    context.strokeStyle = resolved(plot, colour);
    context.lineWidth = 2 * scale;
    context.setLineDash(dashed ? [6 * scale, 5 * scale] : []);
    context.beginPath();
    context.moveTo(x, y - 4 * scale);
    context.lineTo(x + 22 * scale, y - 4 * scale);
    context.stroke();
    context.fillText(label, x + 28 * scale, y);
    x += 28 * scale + context.measureText(label).width + line;
  }
  picture.toBlob((blob) => {
    if (!blob) return;
    const url = URL.createObjectURL(blob);
    el("a", { href: url, download: `cloister-${title.toLowerCase().replace(/\W+/g, "-")}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
}
