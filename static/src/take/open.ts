// A model of a file, used without any data: opened, asked about records, closed again.
import type { Recipe } from "../owndata/messages";
import type { OpenedModel } from "../protocol";
import { el, say } from "../ui/dom";
import type { Taker } from "./taker";

const most = 2 ** 28; // bytes, as nn/export has it

/** What the file says, or where it says nothing of coloured pictures, which nobody can draw here, the middle of any picture. */
function recipeOf({ preprocessing, kind, channels, height, width }: OpenedModel): Recipe | undefined {
  if (preprocessing.length) return JSON.parse(new TextDecoder().decode(preprocessing));
  if (kind !== "image" || channels !== 3) return undefined;
  return { kind, image: { Channels: channels, Height: height, Width: width, Fit: "crop" } } as Recipe;
}

export class ModelFile {
  readonly root = el("div", { class: "model-file" });
  model?: OpenedModel;
  recipe?: Recipe; // how one more file or row becomes a record of it
  #taker: Taker;
  #changed: (model: OpenedModel | undefined) => void;
  #input = el("input", { type: "file", accept: ".onnx,.safetensors", hidden: true, id: "model-file", "aria-label": "Model to open" });
  #words = el("p", { class: "note", role: "status" });
  #close = el("button", { type: "button", class: "quiet", hidden: true, click: () => this.#turn(undefined) }, "Close it");

  constructor(taker: Taker, changed: (model: OpenedModel | undefined) => void) {
    this.#taker = taker;
    this.#changed = changed;
    this.#input.addEventListener("change", () => {
      const file = this.#input.files?.[0];
      this.#input.value = ""; // so that the same file can be chosen again
      if (file) void this.#open(file);
    });
    this.root.append(el("div", { class: "ways" }, el("button", { type: "button", class: "quiet", click: () => this.#input.click() }, "Open a model"), this.#close, this.#input), this.#words);
  }

  async predict(record: Uint8Array): Promise<number[]> {
    return (await this.#taker.ask("prediction", { type: "predict", record })).prediction;
  }

  async #open(file: File) {
    say(this.#words, `${file.name} is being opened …`);
    try {
      if (file.size > most) throw new Error(`It has ${file.size} bytes, and no model that was saved here has more than ${most}.`);
      const { opened } = await this.#taker.ask("opened", { type: "open", file: new Uint8Array(await file.arrayBuffer()) });
      this.recipe = recipeOf(opened);
      this.#turn(opened);
      say(this.#words, `${file.name}: ${opened.title}. ${opened.privacy} Whoever made the file says so; nothing here proves it.`);
    } catch (error) {
      say(this.#words, `${file.name} cannot be opened: ${(error as Error).message}`);
    }
  }

  #turn(model: OpenedModel | undefined) {
    this.model = model;
    this.#close.hidden = !model;
    if (!model) say(this.#words, "");
    this.#changed(model);
  }
}
