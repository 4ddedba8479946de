// A trainer, and the room in which a person's code answers it.
import { Keeper } from "../kept/keeper";
import { KeptRuns } from "../kept/runs";
import type { Config, DatasetInfo, Event, Planned, Source } from "../protocol";
import { type Run, newRun, withEvent } from "../state/run";
import { Trainer } from "../trainer/client";
import { keepLedger } from "../trainer/ledger-storage";
import { Problem, Room } from "./room";

export class Workshop {
  dataset?: DatasetInfo;
  run?: Run; // the last
  #data = "";
  #source?: Source;
  #trainer: Trainer;
  #room?: Room;
  #tell: (words: string) => void;
  #changed: () => void;
  #opened?: { done: (dataset: DatasetInfo) => void; fail: (error: Error) => void };
  #ended?: { done: (run: Run) => void; fail: (error: Error) => void };
  #unauthored?: string; // code of a checkpoint that waits for its author
  #restored = false; // the run is from a checkpoint, and not resumed yet
  #stopped = false; // before the run began
  #leaving = false; // a run that failed, until the trainer has left it
  #kept?: KeptRuns;

  /** changed: this.run did; tell hears notices. Runs that end are kept in this browser, or forgotten. */
  constructor(changed: () => void, tell: (words: string) => void, keeps = true) {
    this.#changed = changed;
    this.#tell = tell;
    if (keeps) {
      this.#kept = new KeptRuns(new Keeper(), (event) => {
        if (event.type === "cannot keep") this.#tell(`This run is not kept: ${event.words}.`);
      });
    }
    this.#trainer = new Trainer((event) => this.#hear(event));
  }

  open(data: string, source: Source): Promise<DatasetInfo> {
    this.#data = data;
    this.#source = source;
    return new Promise((done, fail) => {
      this.#opened = { done, fail };
      this.#trainer.send({ type: "open", source });
    });
  }

  /** What a mechanism is tried with on a model of the open data: the published settings where there are some, else those of the plain mechanism. */
  settings(model: string, code: string): Config {
    const { presets, replay } = this.dataset!;
    const of = presets.filter(({ config }) => config.model === model).map(({ config }) => config);
    const { seed: _, ...base } = replay?.model === model ? replay : (of.find(({ mechanism }) => mechanism.name === "fixed") ?? of[0] ?? presets[0].config);
    return { ...base, model, mechanism: { name: "written", source: code } };
  }

  /** What a run with this mechanism would be; an Error says what is wrong with its code. */
  async plan(config: Config): Promise<Planned> {
    await this.#author(config.mechanism.source!);
    return this.#trainer.propose(config); // sees nothing but what is public: the same room may answer again
  }

  /** Trains to the end, or until it is stopped or fails. */
  async train(config: Config, name: string): Promise<Run> {
    await this.#author(config.mechanism.source!, true);
    if (!this.dataset?.nobodys) void keepLedger(this.#tell);
    return this.#follow(config, name, () => this.#trainer.send({ type: "start", config }));
  }

  /** Goes on with a checkpoint; the code in it is shown first, to whoever calls. */
  async restore(checkpoint: Uint8Array, accept: (code: string) => Promise<string>): Promise<Run> {
    const config = { mechanism: {} } as Config; // the file brings its own
    try {
      return await this.#follow(config, "", () => this.#trainer.send({ type: "restore", checkpoint }), true);
    } catch (error) {
      const code = this.#unauthored;
      this.#unauthored = undefined;
      if (code === undefined) throw error;
      const name = await accept(code);
      await this.#author(code, true);
      return this.#follow(config, name, () => this.#trainer.send({ type: "restore", checkpoint }), true);
    }
  }

  /** Ends the run; or what goes on before it, such as a plan that takes long: with the trainer, which hears nothing meanwhile. */
  stop() {
    if (this.#ended && this.run?.planned) return this.#trainer.send({ type: "stop" });
    this.#stopped = true;
    this.#trainer.terminate();
    this.#room?.close();
    this.#room = undefined;
    this.#trainer = new Trainer((event) => this.#hear(event));
    this.#leaving = false;
    this.#fail(new Problem(stopped));
    void this.open(this.#data, this.#source!).catch((error: Error) => this.#tell(error.message));
  }

  /** Lets code answer. A run has a room of its own: what another one released is not for its code to remember. */
  async #author(code: string, ofItsOwn = false) {
    if (!ofItsOwn && this.#room?.code === code) return;
    this.#room?.close();
    this.#room = undefined;
    this.#stopped = false;
    const { room, port } = await Room.open(code);
    if (this.#stopped) {
      room.close();
      throw new Problem(stopped);
    }
    this.#room = room;
    this.#trainer.send({ type: "author", code, port }, [port]);
  }

  #follow(config: Config, name: string, begin: () => void, resume = false): Promise<Run> {
    const { dataset } = this;
    if (!dataset) throw new Error("There are no data yet.");
    this.run = { ...newRun({ id: 0, key: crypto.randomUUID?.() ?? String(Math.random()).slice(2), order: Date.now(), data: this.#data, config, dataset }), name };
    return new Promise<Run>((done, fail) => {
      this.#ended = { done, fail };
      this.#restored = resume;
      begin();
    });
  }

  #hear(event: Event) {
    if (this.#leaving) { // nothing that is still told of a run that failed is of the next one
      this.#leaving = event.type !== "done" && event.type !== "error";
      return;
    }
    switch (event.type) {
      case "dataset":
        this.dataset = event.dataset;
        return this.#opened?.done(event.dataset);
      case "notice":
        return this.#tell(event.message);
      case "unauthored":
        this.#unauthored = event.code;
        return;
      case "unanswered":
        this.#room?.close();
        this.#room = undefined;
        return;
      case "error":
        return this.#fail(new Problem(event.message, lineIn(event.message)));
      case "checkpoint":
        return this.#end(event.checkpoint);
      case "state":
        if (event.state === "paused" && this.#restored) {
          this.#restored = false;
          this.#trainer.send({ type: "resume" });
        }
        return;
      case "done":
        this.#trainer.send({ type: "save" });
    }
    if (!this.run || !this.#ended) return;
    this.run = withEvent(this.run, event);
    this.#changed();
  }

  #fail(error: Error) {
    this.#opened?.fail(error);
    const ended = this.#ended;
    this.#ended = undefined;
    if (ended && this.run?.planned && !this.run.over) {
      this.#leaving = true;
      this.#trainer.send({ type: "stop" }); // what it was charged stays charged
    }
    ended?.fail(error);
  }

  #end(checkpoint: Uint8Array) {
    const ended = this.#ended;
    this.#ended = undefined;
    if (!ended || !this.run) return;
    this.#kept?.keep(this.run, checkpoint);
    ended.done(this.run);
  }

  /** Returns when what is kept is in its place. */
  async settled() {
    await this.#kept?.settled();
  }
}

/** "// DP-SGD: every gradient ..." -> "DP-SGD". */
export function titleOf(code: string): string {
  const line = code.split("\n").find((line) => line.trim() !== "") ?? "";
  return /^\s*\/[/*]\s*([^:.]+)/.exec(line)?.[1].trim().slice(0, 60) || "A mechanism of mine";
}

/** An error's words, with the line of the code where they do not name it. */
export const wordsOf = (error: Error) => (error instanceof Problem && error.line && !/\bline \d/i.test(error.message) ? `Line ${error.line}: ${error.message}` : error.message);

const stopped = "It was stopped.";

/** The line of the code that an error names. */
const lineIn = (words: string): number | undefined => Number(/\bline (\d+)/i.exec(words)?.[1]) || undefined;
