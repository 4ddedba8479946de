// A line chart that everybody can read: uPlot draws it, arrow keys walk along it, a live region says where one is, a table
// beneath holds the same figures, and it can be saved as a picture. Without data there is no grid, but words.
import uPlot from "uplot";
import { type Curve, type Drawing, pngOf, svgOf } from "./chart-drawing";
import { debounced, eachFrame, el, pause, say } from "./dom";
import { download } from "./download";

export interface Series {
  label: string;
  colour: string; // name of a CSS custom property
  format: (y: number) => string;
  dashed?: boolean;
  points?: boolean;
  scattered?: boolean; // points alone, without a line between them
  strong?: boolean; // the curve that matters most
  area?: boolean; // filled down to the axis
  quiet?: boolean; // left out of the readout and the table, such as a constant target
}

export interface ChartSpec {
  title: string;
  empty: string; // said until there are data
  rest?: string; // said while nobody is looking at a point; the latest point otherwise
  x: { label: string; format: (x: number) => string };
  series: Series[];
  point?: (index: number) => string; // what is said of a point; its x and the series' figures otherwise
  axis?: (y: number) => string; // of the ticks; the first series' format otherwise
  bottom?: number; // lowest value that is always shown
  top?: number; // highest value that is always shown
  height?: number; // what the style sheet gives the plot otherwise
}

/** Columns as uPlot takes them: x, then one per series. null is a gap. */
export type Columns = [number[], ...(number | null)[][]];

/** Columns of several tables side by side, along the x of them all. */
export function joined(...tables: Columns[]): Columns {
  return uPlot.join(tables as uPlot.AlignedData[]) as Columns;
}

const tableRows = 60;

export class Chart {
  saved?: (what: string) => void; // is told of a picture that a person took
  readonly root: HTMLElement;
  #spec: ChartSpec;
  #columns: Columns;
  #range?: [number, number];
  #plot?: uPlot;
  #canvas = el("div", { class: "plot" });
  #empty = el("p", { class: "empty" });
  #readout = el("p", { class: "readout", "aria-hidden": "true" });
  #save: HTMLElement;
  #splits: Record<"x" | "y", number[]> = { x: [], y: [] }; // where the axes have their ticks
  #spoken = el("p", { class: "sr-only", "aria-live": "polite" });
  #table = el("table");
  #legend = el("ul", { class: "legend" });
  #details: HTMLDetailsElement;
  #cursor: number | null = null;
  #size = { width: 0, height: 0 }; // of the canvas, in pixels
  #near = false; // somebody may see it: a phone shows a chart or none, and each takes a tenth of a second there
  #speak = debounced(350, () => (this.#spoken.textContent = this.#words(this.#cursor)));
  #draw = eachFrame(() => this.#redraw());

  constructor(spec: ChartSpec) {
    this.#spec = spec;
    this.#columns = [[], ...spec.series.map(() => [])] as Columns;
    const title = el("figcaption", {}, spec.title);
    const scroll = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${spec.title}: data` }, this.#table);
    this.#details = el("details", { toggle: () => this.#fillTable() }, el("summary", {}, "Table"), scroll);
    const focusable = el(
      "div",
      {
        class: "focusable",
        tabindex: 0,
        role: "group",
        "aria-roledescription": "chart",
        "aria-label": `${spec.title}. Arrow keys walk along the curve.`,
        keydown: (event: KeyboardEvent) => this.#key(event),
        blur: () => this.#moveTo(null),
      },
      this.#canvas,
    );
    const save = (kind: "PNG" | "SVG") => el("button", { type: "button", class: "quiet", "aria-label": `Save as ${kind}: ${spec.title}`, title: `Save as ${kind}`, click: () => this.#download(kind) }, kind);
    this.#save = el("span", { class: "saves" }, save("PNG"), save("SVG"));
    const foot = el("div", { class: "chart-foot" }, this.#details, this.#legend, this.#save);
    this.root = el("figure", { class: "chart" }, el("div", { class: "chart-head" }, title, this.#readout), focusable, this.#spoken, foot);
    new ResizeObserver(([{ contentRect: { width, height } }]) => this.#resize(Math.round(width), Math.round(height))).observe(this.#canvas);
    const near = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.#come(near), { rootMargin: "25%" });
    near.observe(this.#canvas);
    addEventListener("beforeprint", () => this.#come(near));
    document.addEventListener("themechange", () => this.#rebuild());
    if (spec.height) this.#canvas.style.blockSize = `${spec.height}px`;
    this.#empty.textContent = spec.empty;
    this.#canvas.append(this.#empty);
    this.#showEmpty();
  }

  /** Shows these columns; range fixes what part of x is shown. Drawing takes the processor from training: not twice the same. */
  set(columns: Columns, range?: [number, number]) {
    if (equal(columns, this.#columns) && equal([range ?? []], [this.#range ?? []])) return;
    this.#columns = columns;
    this.#range = range;
    this.#draw();
  }

  /** Calls series otherwise, in the legend, the readout and the table; undefined leaves a name. */
  rename(labels: (string | undefined)[]) {
    const series = this.#spec.series.map((s, i) => (labels[i] === undefined || labels[i] === s.label ? s : { ...s, label: labels[i] }));
    if (series.every((s, i) => s === this.#spec.series[i])) return;
    this.#spec = { ...this.#spec, series };
    this.#draw();
  }

  #redraw() {
    this.#showEmpty();
    if (!this.#plot || !this.#columns[0].length) this.#rebuild();
    else this.#plot.setData(this.#columns as uPlot.AlignedData);
    say(this.#readout, this.#words(this.#cursor));
    this.#showLegend();
    if (this.#details.open) this.#fillTable();
  }

  #showEmpty() {
    const empty = !this.#columns[0].length;
    this.#empty.hidden = !empty;
    this.root.classList.toggle("without", empty);
    this.#readout.hidden = this.#save.hidden = this.#details.hidden = empty;
    this.#canvas.parentElement!.tabIndex = empty ? -1 : 0; // there is nothing to walk along
  }

  #rebuild() {
    this.#plot?.destroy();
    this.#plot = undefined;
    if (!this.#near || !this.#columns[0].length) return;
    const { width, height } = this.#size;
    if (!width || !height) return; // not laid out yet: the resize observer calls again
    this.#plot = new uPlot(this.#options(width, height), this.#columns as uPlot.AlignedData, this.#canvas);
  }

  #come(near: IntersectionObserver) {
    near.disconnect();
    this.#near = true;
    if (!this.#plot) this.#rebuild();
  }

  /** Told by the observer, for whoever asks makes the browser lay out the page at once. A first plot is a task of its own. */
  #resize(width: number, height: number) {
    this.#size = { width, height };
    if (!this.#plot) void pause().then(() => this.#plot ?? this.#rebuild());
    else if (width && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height });
  }

  #options(width: number, height: number): uPlot.Options {
    const { series, x, bottom, top } = this.#spec;
    const colour = (name: string) => resolved(this.#canvas, name);
    const ticks = this.#yTicks;
    const size = 0.75 * parseFloat(getComputedStyle(document.documentElement).fontSize); // follows the size that a person wants
    const font = `${size}px ${getComputedStyle(this.#canvas).fontFamily}`;
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font };
    return {
      width,
      height,
      legend: { show: false },
      padding: [12, 20, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: {
        x: { time: false, range: (_, min, max) => this.#range ?? (min === null || min === max ? [0, 1] : [min, max]) },
        y: {
          range: (_, min, max) => {
            const low = Math.min(min ?? Infinity, bottom ?? Infinity);
            const high = Math.max(max ?? -Infinity, top ?? -Infinity);
            if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
            const air = (high - low || Math.abs(high) || 1) * 0.08;
            return [low === bottom ? low : low - air, high === top ? high : high + air];
          },
        },
      },
      axes: [
        { ...axis, space: 4 * size, values: (_, splits) => this.#ticks("x", splits, x.format), label: x.label, labelFont: font, labelSize: 1.8 * size, size: 2.2 * size, labelGap: 0 },
        { ...axis, space: 2.7 * size, values: (_, splits) => this.#ticks("y", splits, ticks), size: (_, values) => measure(font, values) + 14 },
      ],
      series: [
        {},
        ...series.map((s): uPlot.Series => ({
          label: s.label,
          stroke: colour(s.colour),
          width: s.strong ? 3 : 2,
          paths: s.scattered ? () => null : undefined,
          fill: s.area ? `color-mix(in srgb, ${colour(s.colour)} 14%, transparent)` : undefined,
          dash: s.dashed ? [6, 5] : undefined,
          points: { show: s.points === true, size: 6, fill: colour(s.colour) },
          spanGaps: true,
        })),
      ],
      hooks: { setCursor: [(plot) => this.#look(plot.cursor.idx ?? null)] },
    };
  }

  get #yTicks() {
    return this.#spec.axis ?? this.#spec.series[0].format;
  }

  #ticks(axis: "x" | "y", splits: number[], words: (at: number) => string): string[] {
    this.#splits[axis] = splits;
    return splits.map(words);
  }

  async #download(kind: "PNG" | "SVG") {
    const svg = svgOf(this.#drawing());
    const file = kind === "SVG" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg);
    this.saved?.(`${this.#spec.title.toLowerCase()} (${kind})`);
    download(file, `cloister-${this.#spec.title.toLowerCase().replace(/\W+/g, "-")}.${kind.toLowerCase()}`);
  }

  /** What is on the screen, to be drawn elsewhere. */
  #drawing(): Drawing {
    const { title, series, x } = this.#spec;
    const plot = this.#plot!;
    const colour = (name: string) => resolved(this.#canvas, name);
    const axis = (of: "x" | "y", words: (at: number) => string) => {
      const { min, max } = plot.scales[of];
      return { from: min!, to: max!, ticks: this.#splits[of].filter((at) => at >= min! && at <= max!).map((at): [number, string] => [at, words(at)]) };
    };
    const curve = (s: Series): Curve => ({ ...s, colour: colour(s.colour), ys: this.#columns[1 + series.indexOf(s)], width: s.strong ? 3 : 2 });
    const font = getComputedStyle(this.#canvas).fontFamily;
    return {
      title,
      width: Math.round(plot.bbox.width / devicePixelRatio),
      height: Math.round(plot.bbox.height / devicePixelRatio),
      x: { label: x.label, ...axis("x", x.format) },
      y: axis("y", this.#yTicks),
      xs: this.#columns[0],
      curves: series.map(curve),
      keys: this.#keys().map(curve),
      colours: { paper: colour("--card"), ink: colour("--ink"), soft: colour("--soft"), line: colour("--line") },
      font,
      measure: (words) => measure(`12px ${font}`, [words]),
    };
  }

  // The pointer or the keys are at this index.
  #look(index: number | null) {
    this.#cursor = index;
    say(this.#readout, this.#words(index));
  }

  #key(event: KeyboardEvent) {
    const last = this.#lastPoint();
    const stride = event.shiftKey ? Math.max(1, Math.round(last / 10)) : 1;
    const walk = (by: number) => (this.#cursor === null ? last : this.#cursor + by); // the first stop is the latest point
    const to = { ArrowLeft: walk(-stride), ArrowRight: walk(stride), Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.#moveTo(to === null ? null : Math.max(0, Math.min(last, to)));
    this.#speak();
  }

  #moveTo(index: number | null) {
    const plot = this.#plot;
    if (!plot) return;
    if (index === null) return plot.setCursor({ left: -10, top: -10 });
    plot.setCursor({ left: plot.valToPos(this.#columns[0][index], "x"), top: plot.bbox.height / devicePixelRatio / 2 });
    this.#look(index); // of several points with one x, the plot finds one
  }

  // "Epoch 3: accuracy 95.12 %", of the cursor or else of the last point.
  #words(index: number | null): string {
    const [xs, ...ys] = this.#columns;
    const at = index ?? this.#lastPoint();
    if (index === null && this.#spec.rest !== undefined) return this.#spec.rest;
    if (at < 0) return this.#spec.empty;
    if (this.#spec.point) return this.#spec.point(at);
    const said = this.#spec.series.flatMap((s, i) => (s.quiet || ys[i][at] == null ? [] : [[s, ys[i][at]] as const]));
    const parts = said.map(([s, y]) => (said.length > 1 ? `${s.label} ${s.format(y)}` : s.format(y)));
    return `${this.#spec.x.label} ${this.#spec.x.format(xs[at])}: ${parts.join(", ") || "–"}`;
  }

  // The curves that there are, where there is more than one or the first is missing.
  #keys(): Series[] {
    const drawn = this.#spec.series.filter((_, i) => this.#columns[i + 1].some((y) => y != null));
    return drawn.length > 1 || drawn[0] !== this.#spec.series[0] ? drawn : [];
  }

  #showLegend() {
    const shown = this.#keys();
    const words = shown.map(({ label, colour }) => `${colour} ${label}`).join("\n");
    if (this.#legend.dataset.words === words) return;
    this.#legend.dataset.words = words;
    const keys = shown.map((s) => {
      const swatch = el("span", { class: s.dashed ? "swatch dashed" : "swatch" });
      swatch.style.color = `var(${s.colour})`;
      return el("li", {}, swatch, s.label);
    });
    this.#legend.replaceChildren(...keys);
  }

  // The last index where the first series has a value; of scattered points, any.
  #lastPoint(): number {
    if (this.#spec.point) return this.#columns[0].length - 1;
    return this.#columns[1].findLastIndex((y) => y != null);
  }

  #fillTable() {
    const { series, x } = this.#spec;
    const [xs, ...ys] = this.#columns;
    const shown = series.flatMap((s, i) => (s.quiet || (i > 0 && ys[i].every((y) => y == null)) ? [] : [i]));
    const every = Math.max(1, Math.ceil(xs.length / tableRows));
    const rows = xs.flatMap((value, at) => {
      if (at % every && at !== xs.length - 1) return [];
      const cells = shown.map((i) => el("td", {}, ys[i][at] == null ? "" : series[i].format(ys[i][at]!)));
      return [el("tr", {}, el("th", { scope: "row" }, x.format(value)), ...cells)];
    });
    const head = [x.label, ...shown.map((i) => series[i].label)].map((label) => el("th", { scope: "col" }, label));
    this.#table.replaceChildren(
      el("caption", {}, every > 1 ? `${this.#spec.title}, every ${every} points` : this.#spec.title),
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...rows),
    );
  }
}

function equal(a: (number | null)[][], b: (number | null)[][]): boolean {
  return a.length === b.length && a.every((column, i) => column.length === b[i].length && column.every((value, at) => value === b[i][at]));
}

/** The colour that a custom property means here and now: canvas knows neither var() nor light-dark(). */
export function resolved(near: HTMLElement, name: string): string {
  const probe = el("span");
  probe.style.color = `var(${name})`;
  near.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function measure(font: string, values: string[] | null): number {
  const context = document.createElement("canvas").getContext("2d")!;
  context.font = font;
  return Math.max(16, ...(values ?? []).map((v) => context.measureText(v).width));
}
