// Where code is written: a plain field at first, which becomes an editor when somebody goes there. To make the editor takes half a second of a
// phone, and who came to read or to train does not wait for it.
import * as addresses from "../trainer/addresses";
import { el } from "../ui/dom";
import type { Editor } from "./editor";

export class Writing implements Omit<Editor, "focus"> {
  #parent: HTMLElement;
  #changed: () => void;
  #plain: HTMLTextAreaElement;
  #editor?: Editor;
  #loading?: Promise<void>;
  #marked: [line?: number, words?: string] = []; // the last mark, for an editor that is still on its way

  constructor(parent: HTMLElement, changed: () => void) {
    this.#parent = parent;
    this.#changed = changed;
    this.#plain = el("textarea", {
      spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", "aria-label": "Code of the mechanism",
      input: () => changed(), focus: () => void this.#load(),
    });
    parent.append(this.#plain);
  }

  text = () => this.#editor?.text() ?? this.#plain.value;

  write(text: string) {
    if (this.#editor) return this.#editor.write(text);
    this.#plain.value = text;
    this.#plain.rows = text.split("\n").length + 1;
    this.#changed();
  }

  mark(line?: number, words?: string) {
    this.#marked = [line, words];
    if (this.#editor) this.#editor.mark(line, words);
    else if (line) void this.#load();
  }

  /** Without a network, and nothing kept, the plain field stays. */
  #load(): Promise<void> {
    return (this.#loading ??= import(addresses.editor).then(
      ({ edit }: typeof import("./editor")) => {
        const there = document.activeElement === this.#plain;
        const at = this.#plain.selectionStart;
        this.#editor = edit(this.#parent, this.#plain.value, this.#changed);
        this.#plain.remove();
        if (there) this.#editor.focus(at);
        this.#editor.mark(...this.#marked);
      },
      () => (this.#loading = undefined),
    ));
  }
}
