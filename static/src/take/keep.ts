// "Keep": what a finished run leaves as files: its model, a certificate for others to check, and its results.
import type { Recipe } from "../owndata/messages";
import type { TakenFile } from "../protocol";
import type { PageEvent, State } from "../state/model";
import type { Run } from "../state/run";
import { addressOf } from "../state/turn";
import type { Trainer } from "../trainer/client";
import { byId, el, say } from "../ui/dom";
import { resultsCSV } from "./results";
import { type Library, scriptFile } from "./scripts";
import type { Taker } from "./taker";

type Download = (bytes: Uint8Array, name: string) => void;
type Tell = (event: PageEvent) => void;

export class KeepPanel {
  #trainer: () => Trainer;
  #taker: Taker;
  #download: Download;
  #tell: Tell;
  #buttons: HTMLButtonElement[];
  #run?: Run;
  #recipe?: Recipe;
  #settings = "";

  constructor(trainer: () => Trainer, taker: Taker, download: Download, tell: Tell) {
    this.#trainer = trainer;
    this.#taker = taker;
    this.#download = download;
    this.#tell = tell;
    const button = (words: string, make: () => Promise<TakenFile[]>) => el("button", { type: "button", click: () => this.#keep(words, make) }, words);
    this.#buttons = [
      button("Model (ONNX)", () => this.#model("onnx")),
      button("Model (safetensors)", () => this.#model("safetensors")),
      button("Certificate", () => this.#certificate(0)),
      button("Certificate to print", () => this.#certificate(1)),
      button("Script for Opacus", () => this.#script("opacus")),
      button("Script for JAX-Privacy", () => this.#script("jax-privacy")),
      button("Results (CSV)", async () => [{ name: `${this.#run!.config.model}-results.csv`, bytes: new TextEncoder().encode(resultsCSV(this.#run!)) }]),
    ];
    byId("keep-ways").append(...this.#buttons);
  }

  show(state: State) {
    const { run, dead, phase, choices, data } = state;
    const over = phase === "done" && run?.over === true && run.planned !== undefined && !dead;
    byId("keep-panel").hidden = !over;
    if (!over) return;
    if (run.id !== this.#run?.id) say(byId("keep-words"), "");
    this.#run = run;
    this.#recipe = choices.find(({ name }) => name === data)?.recipe;
    this.#settings = addressOf(state);
  }

  async #keep(words: string, make: () => Promise<TakenFile[]>) {
    const run = this.#run;
    for (const button of this.#buttons) button.disabled = true;
    say(byId("keep-words"), `${words}: being made …`);
    try {
      const files = await make();
      if (!run || run.id !== this.#run?.id) return;
      for (const { bytes, name } of files) this.#download(bytes, name);
      this.#tell({ type: "took along", run, what: `${words.charAt(0).toLowerCase()}${words.slice(1)}` });
      say(byId("keep-words"), `Saved ${files.map(({ name }) => name).join(", ")}.`);
    } catch (error) {
      say(byId("keep-words"), `${words}: ${(error as Error).message}`);
    } finally {
      for (const button of this.#buttons) button.disabled = false;
    }
  }

  async #model(format: "onnx" | "safetensors"): Promise<TakenFile[]> {
    const taken = await this.#trainer().take();
    return (await this.#taker.ask("files", { type: "model", format, taken, preprocessing: this.#preprocessing() })).files;
  }

  /** For programs, or for people. */
  async #certificate(which: 0 | 1): Promise<TakenFile[]> {
    const taken = await this.#trainer().take();
    const day = new Date().toISOString().slice(0, 10);
    const { files } = await this.#taker.ask("files", { type: "certificate", taken, day, settings: this.#settings, preprocessing: this.#preprocessing() });
    return [files[which]];
  }

  /** The same training elsewhere. */
  async #script(library: Library): Promise<TakenFile[]> {
    return [scriptFile(library, await this.#trainer().take(), this.#run!.planned!)];
  }

  #preprocessing(): Uint8Array | undefined {
    return this.#recipe && new TextEncoder().encode(JSON.stringify(this.#recipe));
  }
}
