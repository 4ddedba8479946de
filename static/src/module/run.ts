// A run: its events in order, and what can be asked of it meanwhile.
import type { Config, Event, EventOf, Planned, TakenFile } from "../protocol.js";
import { scriptFile } from "../take/scripts.js";
import { Taker } from "../take/taker.js";
import type { Trainer } from "../trainer/client.js";

/** What a run tells. The frozen plan comes before the first step, "done" is the last. */
export type RunEvent = EventOf<"planned" | "history" | "ledger" | "epoch" | "step" | "safepoint" | "state" | "notice" | "done"> | EventOf<"error">;
const told: readonly Event["type"][] = ["planned", "history", "ledger", "epoch", "step", "safepoint", "state", "notice", "done", "error"];
const tells = (event: Event): event is RunEvent => told.includes(event.type);

interface Waiting {
  until: (event: RunEvent) => boolean;
  asked: boolean; // by a call: an error answers it
  hear: (event: any) => void;
  fail: (error: Error) => void;
}

export class Run implements AsyncIterable<RunEvent> {
  /** The frozen, calibrated plan; rejects where the run is refused. */
  readonly planned: Promise<Planned>;
  /** How the run ended; rejects when the trainer dies. */
  readonly done: Promise<EventOf<"done">>;

  #trainer: Trainer;
  #taker?: Taker;
  #events: RunEvent[] = [];
  #waiting = new Set<Waiting>();
  #wake = () => {};
  #begun = false;
  #ended = false;
  #failed?: Error;

  /** @internal */
  constructor(trainer: Trainer) {
    this.#trainer = trainer;
    this.planned = this.#wait(({ type }) => type === "planned", ({ planned }) => planned, false);
    this.done = this.#wait(({ type }) => type === "done", (event) => event, false);
    for (const promise of [this.planned, this.done]) promise.catch(() => {}); // whoever does not ask need not know
  }

  /** Whether it has neither ended nor failed. */
  get open(): boolean {
    return !this.#ended && !this.#failed;
  }

  /** Its events, each once: those that nobody has taken yet wait. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void> {
    for (;;) {
      const event = this.#events.shift();
      if (event) {
        yield event;
        if (event.type === "done") return;
        continue;
      }
      if (this.#failed) throw this.#failed;
      if (this.#ended) return;
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  pause(): Promise<void> {
    return this.#turn("pause", "paused");
  }

  resume(): Promise<void> {
    return this.#turn("resume", "running");
  }

  /** Ends it where it is. It is certified at its planned epsilon, however early. */
  async stop(): Promise<void> {
    if (!this.open) return;
    this.#trainer.send({ type: "stop" });
    await this.done;
  }

  /** A file to go on from, with session.restore. */
  checkpoint(): Promise<Uint8Array> {
    const file = this.#wait((event) => (event as Event).type === "checkpoint", (event) => event.checkpoint);
    this.#trainer.send({ type: "save" });
    return file;
  }

  /**
   * Its model as a file, or its certificate (for programs, and to print): the program that writes them is loaded when it is first asked for.
   * Or a script that trains with the same noise, rate and steps in another library; what that has no counterpart for is refused.
   */
  async export(format: "onnx" | "safetensors" | "certificate" | "opacus" | "jax-privacy"): Promise<TakenFile[]> {
    const taken = await this.#trainer.take();
    if (format === "opacus" || format === "jax-privacy") return [scriptFile(format, taken, await this.planned)];
    this.#taker ??= new Taker();
    const request = format === "certificate" ? { type: format, taken, day: new Date().toISOString().slice(0, 10) } : { type: "model" as const, format, taken };
    return (await this.#taker.ask("files", request)).files;
  }

  /** @internal */
  start(config: Config) {
    this.#trainer.send({ type: "start", config });
  }

  /** @internal */
  restore(checkpoint: Uint8Array) {
    this.#trainer.send({ type: "restore", checkpoint });
  }

  /** @internal */
  abort(reason: Error) {
    if (!this.open) return;
    this.#trainer.send({ type: "stop" });
    this.fail(reason);
  }

  /** @internal */
  hear(event: Event) {
    if (event.type === "planned") this.#begun = true;
    if (event.type === "checkpoint") return this.#settle(event as any);
    if (!tells(event) || (event.type === "state" && !this.#begun)) return;
    if (event.type === "error" && this.#refuses(new Error(event.message))) return;
    if (event.type === "done") this.#ended = true;
    if (!this.#failed && !(this.#ended && event.type === "state")) this.#events.push(event);
    this.#settle(event);
    this.#wake();
  }

  /** @internal */
  fail(error: Error) {
    this.#failed ??= error;
    for (const { fail } of this.#waiting) fail(error);
    this.#waiting.clear();
    this.#wake();
  }

  /** Whether somebody is told by a promise of theirs. */
  #refuses(error: Error): boolean {
    if (!this.#begun) {
      this.fail(error);
      return true;
    }
    const asked = [...this.#waiting].filter(({ asked }) => asked);
    for (const one of asked) {
      this.#waiting.delete(one);
      one.fail(error);
    }
    return asked.length > 0;
  }

  async #turn(type: "pause" | "resume", state: string): Promise<void> {
    if (this.#failed) throw this.#failed;
    if (this.#ended) return;
    const turned = this.#wait((event) => (event.type === "state" && event.state === state) || event.type === "done");
    this.#trainer.send({ type });
    await turned;
  }

  #wait<T = any>(until: Waiting["until"], of: (event: any) => T = (event) => event, asked = true): Promise<T> {
    return new Promise((hear, fail) => {
      if (this.#failed) return fail(this.#failed);
      this.#waiting.add({ until, asked, hear: (event) => hear(of(event)), fail });
    });
  }

  #settle(event: RunEvent) {
    for (const one of [...this.#waiting]) {
      if (!one.until(event)) continue;
      this.#waiting.delete(one);
      one.hear(event);
    }
  }
}
