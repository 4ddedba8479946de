// Test records as pictures, with what the network takes them for.
import { el } from "../ui/dom";
import type { DatasetInfo, SampleImage } from "../protocol";

export class Samples {
  #host: HTMLElement;
  #dataset?: DatasetInfo;
  #captions: HTMLElement[] = [];
  #pictures: HTMLCanvasElement[] = [];

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  show(dataset: DatasetInfo) {
    this.#dataset = dataset;
    this.#pictures = dataset.samples.map((sample) => picture(sample, dataset));
    this.#captions = dataset.samples.map((sample) => el("figcaption", {}, dataset.classes[sample.label]));
    this.#host.replaceChildren(
      ...this.#pictures.map((canvas, i) => el("li", {}, el("figure", { class: "sample" }, canvas, this.#captions[i]))),
    );
    this.predict([]);
  }

  /** Writes the predicted classes beneath; without any, the true ones. */
  predict(predictions: number[]) {
    const { samples, classes } = this.#dataset!;
    samples.forEach(({ label }, i) => {
      const predicted = predictions[i];
      const wrong = predicted !== undefined && predicted !== label;
      const caption = this.#captions[i];
      caption.className = predicted === undefined ? "unknown" : wrong ? "wrong" : "right";
      caption.replaceChildren(
        ...(predicted === undefined ? [classes[label]] : wrong ? [el("s", {}, classes[predicted]), ` ${classes[label]}`] : [`${classes[predicted]} ✓`]),
      );
      const words = predicted === undefined ? "" : `, taken for ${classes[predicted]}`;
      this.#pictures[i].setAttribute("aria-label", `Test record ${i + 1}: ${classes[label]}${words}`);
    });
  }
}

function picture({ pixels }: SampleImage, { channels, height, width }: DatasetInfo): HTMLCanvasElement {
  const canvas = el("canvas", { width, height, role: "img" });
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  const size = width * height;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[channels === 3 ? c * size + i : i];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
