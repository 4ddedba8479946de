// "Try it" for data of a person's own: a picture or a sound is dropped or chosen, photographed or recorded, a row typed. It is made a record
// as the dataset's were, asked about, and kept nowhere.
import { readNumber } from "../settings/numbers";
import { el, say } from "../ui/dom";
import { Camera, hasCamera } from "./camera";
import { choice, line, textField } from "./fields";
import type { Column, Recipe } from "./messages";
import { holdsFiles } from "./dropped";
import { Reader } from "./reader";
import { Recorder } from "./record";

/** A number with a decimal point, however it was typed; what is none stays, and is refused. */
function pointed(text: string): string {
  const read = readNumber("", text, true);
  return "value" in read ? String(read.value ?? "") : text;
}

export class OwnTry {
  readonly root = el("div", { class: "own-try", hidden: true });
  #take: (record: Uint8Array) => void;
  #reader = new Reader();
  #recipe?: Recipe;
  #words = el("p", { class: "note", role: "status" });
  #asked = 0;
  #camera = new Camera((picture) => this.#file(picture), (words) => say(this.#words, words));

  constructor(take: (record: Uint8Array) => void) {
    this.#take = take;
    this.root.addEventListener("dragover", (event) => event.preventDefault());
    this.root.addEventListener("drop", (event) => {
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault(); // it is not to be imported
      this.#file(event.dataTransfer!.files[0]);
    });
  }

  /** Shows what suits data of this recipe; nothing where there is none. */
  open(recipe: Recipe | undefined): string {
    this.#recipe = recipe?.kind ? recipe : undefined;
    this.root.hidden = !this.#recipe;
    this.root.replaceChildren();
    this.#camera.close();
    say(this.#words, "");
    switch (this.#recipe?.kind) {
      case "image":
        this.root.append(this.#chooser("Choose a picture", "image/*"), ...(hasCamera() ? [this.#camera.root] : []), this.#words);
        return "drop a picture here, choose or photograph one";
      case "audio":
        this.root.append(this.#chooser("Choose a sound", ".mp3,.wav"), ...this.#microphone(), this.#words);
        return "drop a sound here, choose or record one";
      case "table":
        this.root.append(this.#row(this.#recipe.columns ?? []), this.#words);
        return "type a row";
    }
    return "";
  }

  #chooser(words: string, accept: string): HTMLElement {
    const input = el("input", { type: "file", accept, hidden: true, id: "own-try-file", "aria-label": words });
    input.addEventListener("change", () => {
      this.#file(input.files?.[0]);
      input.value = "";
    });
    return el("div", {}, el("button", { type: "button", click: () => input.click() }, words), input);
  }

  #microphone(): HTMLElement[] {
    if (!navigator.mediaDevices?.getUserMedia || typeof MediaRecorder === "undefined") return [];
    const recorder = new Recorder();
    const button = el("button", { type: "button" }, "Record");
    button.addEventListener("click", async () => {
      button.disabled = true;
      say(this.#words, "Recording …");
      try {
        this.#file(await recorder.record(1600));
      } catch (error) {
        say(this.#words, `The microphone gave nothing: ${(error as Error).message}`);
      }
      button.disabled = false;
    });
    return [button];
  }

  #row(columns: Column[]): HTMLElement {
    const fields = columns.map((c, i) =>
      c.Categories?.length
        ? choice(`own-try-${i}`, [...(c.Optional ? [["", "missing"] as [string, string]] : []), ...c.Categories.map((text): [string, string] => [text, text])], c.Optional ? "" : c.Categories[0], ask)
        : textField(`own-try-${i}`, c.Optional ? "" : String((c.Low + c.High) / 2), ask));
    const that = this;
    function ask() {
      that.#ask({ row: fields.map((field, i) => (columns[i].Categories?.length ? field.value : pointed(field.value))) });
    }
    const form = el("form", { class: "own-form", "aria-label": "A row to ask about", submit: (event: Event) => (event.preventDefault(), ask()) },
      ...columns.map((c, i) => line(c.Categories?.length ? c.Name : `${c.Name} (${c.Low} to ${c.High})`, fields[i])),
      el("button", { type: "submit" }, "Ask"));
    return form;
  }

  #file(file: File | undefined) {
    if (file) this.#ask({ file });
  }

  async #ask(from: { file: File } | { row: string[] }) {
    const asked = ++this.#asked;
    try {
      const { record, damage } = await this.#reader.record(this.#recipe!, from);
      if (asked !== this.#asked) return;
      say(this.#words, "file" in from ? [from.file.name, ...damage].join(": ") : "");
      this.#take(record);
    } catch (error) {
      if (asked === this.#asked) say(this.#words, (error as Error).message);
    }
  }
}
