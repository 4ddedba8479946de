// A chart as an SVG document that stands alone: title, grid, axes, curves and legend on the page's own paper.

export interface Axis {
  label?: string;
  from: number;
  to: number;
  ticks: [at: number, words: string][];
}

export interface Curve {
  label: string;
  colour: string;
  ys: (number | null)[]; // null: left out, the line goes on
  width: number;
  dashed?: boolean;
  area?: boolean; // filled down to the axis
  points?: boolean;
  scattered?: boolean; // points alone
}

export interface Drawing {
  title: string;
  width: number; // of the plot within its axes, in pixels; the document is larger
  height: number;
  x: Axis;
  y: Axis;
  xs: number[];
  curves: Curve[];
  keys: Curve[]; // those that the legend names
  colours: { paper: string; ink: string; soft: string; line: string };
  font: string; // family
  measure: (words: string) => number; // width of words 12 pixels high
}

const edge = 24; // around everything
const head = 44; // above the plot: the title
const foot = 40; // below it: ticks and the label of x

export function svgOf(drawing: Drawing): string {
  const { width, height, y, keys, colours, font, measure, title } = drawing;
  const left = edge + Math.max(16, ...y.ticks.map(([, words]) => measure(words))) + 8;
  const whole = { width: Math.ceil(left + width + edge), height: head + height + foot + (keys.length ? 30 : 8) };
  const parts = [
    `<rect width="${whole.width}" height="${whole.height}" fill="${text(colours.paper)}"/>`,
    `<text x="${edge}" y="28" font-size="16" font-weight="600" fill="${text(colours.ink)}">${text(title)}</text>`,
    `<g transform="translate(${n(left)} ${head})">`,
    ...axes(drawing),
    ...drawing.curves.flatMap((curve) => line(drawing, curve)),
    `</g>`,
    ...legend(drawing, whole.height - 18),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole.width} ${whole.height}" width="${whole.width}" height="${whole.height}" role="img" aria-label="${text(title)}" font-family="${text(font)}" font-size="12">\n${parts.join("\n")}\n</svg>\n`;
}

const place = (x: number, { from, to }: Axis, length: number) => ((x - from) / (to - from || 1)) * length;

function axes({ x, y, width, height, colours }: Drawing): string[] {
  const grid = (path: string) => `<path d="${path}" stroke="${text(colours.line)}"/>`;
  const words = (at: string, anchor: string, said: string) => `<text ${at} text-anchor="${anchor}" fill="${text(colours.soft)}">${text(said)}</text>`;
  return [
    ...x.ticks.flatMap(([at, said]) => {
      const to = n(place(at, x, width));
      return [grid(`M${to} 0V${height}`), words(`x="${to}" y="${height + 16}"`, "middle", said)];
    }),
    ...y.ticks.flatMap(([at, said]) => {
      const to = n(height - place(at, y, height));
      return [grid(`M0 ${to}H${width}`), words(`x="-8" y="${n(to + 4)}"`, "end", said)];
    }),
    ...(x.label ? [words(`x="${n(width / 2)}" y="${height + 34}"`, "middle", x.label)] : []),
  ];
}

function line({ xs, x, y, width, height }: Drawing, { ys, colour, area, points, scattered, ...look }: Curve): string[] {
  const at = xs.flatMap((value, i) => {
    const high = ys[i];
    return high == null || value < x.from || value > x.to ? [] : [[n(place(value, x, width)), n(height - place(high, y, height))]];
  });
  if (at.length === 0) return [];
  const path = `M${at.map((point) => point.join(" ")).join("L")}`;
  return [
    ...(area ? [`<path d="${path}V${height}H${at[0][0]}Z" fill="${text(colour)}" fill-opacity="0.14"/>`] : []),
    ...(scattered ? [] : [`<path d="${path}" fill="none" ${stroke({ colour, ...look })}/>`]),
    ...(points ? at.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${text(colour)}"/>`) : []),
  ];
}

const stroke = ({ colour, width, dashed }: Pick<Curve, "colour" | "width" | "dashed">) =>
  `stroke="${text(colour)}" stroke-width="${width}" stroke-linejoin="round"${dashed ? ' stroke-dasharray="6 5"' : ""}`;

function legend({ keys, colours, measure }: Drawing, y: number): string[] {
  let x = edge;
  return keys.flatMap((key) => {
    const from = x;
    x += 50 + measure(key.label);
    return [`<path d="M${n(from)} ${y - 4}h22" ${stroke(key)}/>`, `<text x="${n(from + 28)}" y="${y}" fill="${text(colours.ink)}">${text(key.label)}</text>`];
  });
}

const n = (value: number) => Number(value.toFixed(2));

const text = (words: string) => words.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);

/** The document as a PNG of twice its size. */
export async function pngOf(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((hand, fail) => canvas.toBlob((blob) => (blob ? hand(blob) : fail(new Error("the picture is too large")))));
  } finally {
    URL.revokeObjectURL(url);
  }
}
