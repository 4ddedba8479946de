// Test records as pictures, with what the network takes them for. Each is a button: it goes to "Try it".
import type { DatasetInfo, SampleImage } from "../protocol";
import type { State } from "../state/model";
import { lastEpoch } from "../state/run";
import { byId, el } from "../ui/dom";

export class Samples {
  #host = byId("samples");
  #take: (sample: SampleImage) => void;
  #dataset?: DatasetInfo;
  #captions: HTMLElement[] = [];
  #buttons: HTMLButtonElement[] = [];
  #shown?: number[];

  constructor(take: (sample: SampleImage) => void) {
    this.#take = take;
  }

  show({ dataset, run }: State) {
    if (!dataset) return; // the place stays: nothing jumps when there are some
    byId("samples-panel").hidden = dataset.samples.length === 0;
    if (dataset !== this.#dataset) this.#open(dataset);
    const predictions = run?.planned ? lastEpoch(run)?.predictions : undefined;
    if (predictions === this.#shown && this.#captions[0]?.className) return;
    this.#shown = predictions;
    this.#predict(predictions ?? []);
  }

  #open(dataset: DatasetInfo) {
    this.#dataset = dataset;
    this.#shown = undefined;
    this.#captions = dataset.samples.map(() => el("span"));
    this.#buttons = dataset.samples.map((sample, i) => el("button", { type: "button", class: "sample", click: () => this.#take(sample) }, blank(dataset), this.#captions[i]));
    this.#host.replaceChildren(...this.#buttons.map((button) => el("li", {}, button)));
    void this.#paint(dataset);
  }

  /** A few at a time: a page that is just being built has other things to do in a frame. */
  async #paint(dataset: DatasetInfo) {
    for (const [i, sample] of dataset.samples.entries()) {
      if (i % 4 === 0) await new Promise((go) => setTimeout(go));
      if (dataset !== this.#dataset) return;
      paint(this.#buttons[i].querySelector("canvas")!, sample, dataset);
    }
  }

  /** Writes the predicted classes beneath; without any, the true ones. */
  #predict(predictions: number[]) {
    const { samples, classes } = this.#dataset!;
    samples.forEach(({ label }, i) => {
      const predicted = predictions[i];
      const wrong = predicted !== undefined && predicted !== label;
      const caption = this.#captions[i];
      const known = `${label} ${predicted}`;
      if (caption.dataset.known === known) return;
      caption.dataset.known = known;
      caption.className = predicted === undefined ? "unknown" : wrong ? "wrong" : "right";
      caption.replaceChildren(
        ...(predicted === undefined ? [classes[label]] : wrong ? [el("s", {}, classes[predicted]), ` ${classes[label]}`] : [`${classes[predicted]} ✓`]),
      );
      const words = predicted === undefined ? "" : `, taken for ${classes[predicted]}`;
      this.#buttons[i].setAttribute("aria-label", `${caption.textContent}: test record ${i + 1}${words}. Try it`); // begins as it reads
    });
  }
}

type Shape = Pick<DatasetInfo, "channels" | "height" | "width">;

const blank = ({ width, height }: Shape) => el("canvas", { width, height });

function paint(canvas: HTMLCanvasElement, { pixels }: SampleImage, { channels, height, width }: Shape) {
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  const size = width * height;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[channels === 3 ? c * size + i : i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

export function picture(sample: SampleImage, shape: Shape): HTMLCanvasElement {
  const canvas = blank(shape);
  paint(canvas, sample, shape);
  return canvas;
}
