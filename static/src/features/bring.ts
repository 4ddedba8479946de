// "Bring an encoder": a person's own network in the place of the map, with what they have to say of it first.
import * as addresses from "../trainer/addresses";
import { choice, line } from "../owndata/fields";
import { el } from "../ui/dom";
import type { Positions, Values } from "./encoder";
import type { Brought } from "./messages";

const values: [Values, string][] = [["imagenet", "ImageNet's mean and deviation"], ["unit", "0 to 1"], ["signed", "−1 to 1"]];
const positions: [Positions, string][] = [["mean", "Their mean"], ["all", "Each by itself"]];
const most = 128 << 20; // bytes, as features.MaxEncoderBytes

export class BringForm {
  readonly root: HTMLFormElement;
  #file = el("input", { type: "file", id: "encoder-file", accept: ".onnx", required: true });
  #trainedOn = el("input", { type: "text", id: "encoder-trained-on", maxlength: 100, required: true, autocomplete: "off", placeholder: "ImageNet-1k" });
  #values = choice("encoder-values", values, "imagenet", () => {});
  #positions = choice("encoder-positions", positions, "mean", () => {});
  #declared = el("input", { type: "checkbox", id: "encoder-declared", required: true });
  #button = el("button", { type: "submit" }, "Compute with it");

  /** compute gets what was filled in, or why that cannot be. */
  constructor(compute: (brought: Brought | string) => void) {
    const submit = (event: SubmitEvent) => {
      event.preventDefault();
      compute(this.#brought());
    };
    this.root = el("form", { class: "own-form", id: "encoder-form", novalidate: true, submit, "aria-label": "Bring an encoder" },
      el("p", { class: "note" }, "A public network of your own, as one ONNX file with one input: pictures, as 32-bit floats of [1, channels, rows, columns]. Its first output is taken. Records are brought to its rows and columns, bilinear; grey is repeated for each colour, colours are averaged into grey. It runs in this tab, one record at a time, and its file stays here."),
      line("ONNX file", this.#file), line("It was trained on", this.#trainedOn), line("A pixel becomes", this.#values), line("Of places of a picture take", this.#positions),
      el("div", { class: "own-act" },
        el("label", { for: "encoder-declared" }, this.#declared, " It is public, and none of these records was in what it was trained on"),
        this.#button),
      el("p", { class: "note" }, "What it was trained on is outside the guarantee. The run, its results and its certificate say so, with the file's name and checksum."));
  }

  set disabled(on: boolean) {
    this.#button.disabled = on;
  }

  #brought(): Brought | string {
    const file = this.#file.files?.[0];
    const trainedOn = this.#trainedOn.value.trim().replace(/\s+/g, " ");
    if (!file) return "Choose the encoder's ONNX file first.";
    if (!trainedOn) return `Say what ${file.name} was trained on.`;
    if (!this.#declared.checked) return `Say first that ${file.name} is public, and that none of these records was in what it was trained on. A guarantee for records that the encoder has seen would be worth nothing.`;
    if (file.size > most) return `${file.name} has ${file.size >> 20} MB, and at most ${most >> 20} MB are taken: bring a smaller encoder, or one of 8-bit weights.`;
    return {
      file: file.name, blob: file, trainedOn, values: this.#values.value as Values, positions: this.#positions.value as Positions,
      script: addresses.encoder, runtime: addresses.encoderWasm,
    };
  }
}
