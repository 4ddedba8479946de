// A dataset that is open in a trainer of its own, and the runs on it, one at a time.
import type { Config, DatasetInfo, Event, Loading, Mechanism, MechanismInfo, Planned, Source, Spending } from "../protocol.js";
import { Trainer } from "../trainer/client.js";
import { abortable } from "./abort.js";
import { type Data, sourceOf } from "./data.js";
import { Run } from "./run.js";

/** What a run is asked to be; what is left out comes from the dataset's preset for the model. */
export type Settings = Partial<Omit<Config, "mechanism">> & {
  /** Its name, such as "fixed" or "cloister", or with parameters. */
  mechanism?: string | Mechanism;
};

export interface Opening {
  /** Ends the opening, or later the session and whatever goes on in it. */
  signal?: AbortSignal;
  /** Hears how far loading is. */
  loading?: (loading: Loading) => void;
}

/** Starts a trainer and opens data in it. */
export async function open(data: Data = "digits", { signal, loading }: Opening = {}): Promise<Session> {
  signal?.throwIfAborted();
  if (typeof Worker === "undefined") throw new Error("training needs a browser: its workers compute the steps");
  const source = await abortable(sourceOf(data, signal), signal);
  const session = new Session(source, loading);
  await abortable(session.opened, signal, () => session.close());
  signal?.addEventListener("abort", () => session.close(signal.reason), { once: true });
  return session;
}

export class Session {
  /** What is public of the data, and the settings that suit them. */
  dataset!: DatasetInfo;
  /** What settings.mechanism may be. */
  mechanisms: MechanismInfo[] = [];
  /** @internal */
  readonly opened: Promise<void>;

  #trainer: Trainer;
  #loading: (loading: Loading) => void;
  #open!: { done: () => void; fail: (error: Error) => void };
  #run?: Run;
  #hearing?: Run;
  #dead?: Error;

  /** @internal */
  constructor(source: Source, loading: (loading: Loading) => void = () => {}) {
    this.#loading = loading;
    this.opened = new Promise((done, fail) => (this.#open = { done, fail }));
    this.#trainer = new Trainer((event) => this.#hear(event));
    this.#trainer.send({ type: "open", source });
  }

  /** Whether the trainer lives. */
  get alive(): boolean {
    return !this.#dead;
  }

  /** Settings as a run would have them. */
  config(settings: Settings = {}): Config {
    const { presets, models } = this.dataset;
    const { mechanism, ...plain } = settings;
    const preset = settings.model ? presets.find(({ config }) => config.model === settings.model) : presets[0];
    if (!preset) throw new RangeError(`no model ${JSON.stringify(settings.model)} for these records, want one of ${models.join(", ")}`);
    const config: Config = { ...preset.config, ...plain };
    if (mechanism === undefined) return config;
    config.mechanism = typeof mechanism === "string" ? { name: mechanism } : mechanism;
    const own = this.mechanisms.find(({ name }) => name === config.mechanism.name.split("+")[0])?.learningRate;
    if (own && settings.learningRate === undefined) config.learningRate = own; // it brings its optimiser
    return config;
  }

  /** What a run would be: noise, steps, both bounds. Nothing is spent. */
  async plan(settings: Settings = {}, { signal }: { signal?: AbortSignal } = {}): Promise<Planned> {
    return abortable(this.#trainer.propose(this.config(settings)), signal);
  }

  /** Trains. The run begins at once, and is charged to the ledger of the records. */
  train(settings: Settings = {}, { signal }: { signal?: AbortSignal } = {}): Run {
    return this.#start((run) => run.start(this.config(settings)), signal);
  }

  /** Goes on with a checkpoint, paused: call resume. */
  restore(checkpoint: Uint8Array, { signal }: { signal?: AbortSignal } = {}): Run {
    return this.#start((run) => run.restore(checkpoint), signal);
  }

  /** What the model of the last run takes a record for: a probability for each class. */
  async predict(record: Uint8Array | Float32Array, { signal }: { signal?: AbortSignal } = {}): Promise<number[]> {
    const bytes = record instanceof Uint8Array ? record : new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
    return abortable(this.#trainer.predict(bytes), signal);
  }

  /** What was ever spent on these records in this browser; where storage is refused, ledger.forgets says so. */
  async spending(delta = 1e-5, { signal }: { signal?: AbortSignal } = {}): Promise<Spending> {
    return abortable(this.#trainer.spending(delta), signal);
  }

  /** Ends the trainer. A run that goes on is lost; what it has spent stays in the ledger. */
  close(reason: Error = new Error("the session was closed")) {
    this.#trainer.terminate();
    this.#die(reason);
  }

  #start(begin: (run: Run) => void, signal?: AbortSignal): Run {
    if (this.#dead) throw this.#dead;
    if (this.#run?.open) throw new Error("a run goes on: stop it first, or wait for its end");
    signal?.throwIfAborted();
    const run = new Run(this.#trainer);
    this.#run = run;
    // What the trainer still says of the run before is not about this one: it begins where a question in between is answered.
    this.#trainer.ask({ kind: "steps", records: 1, batchSize: 1, epochs: 1 }).then(() => (this.#hearing = run), () => {});
    begin(run);
    signal?.addEventListener("abort", () => run.abort(signal.reason), { once: true });
    return run;
  }

  #hear(event: Event) {
    switch (event.type) {
      case "ready":
        this.mechanisms = event.mechanisms;
        return;
      case "loading":
        return this.#loading(event.loading);
      case "dataset":
        this.dataset = event.dataset;
        return this.#open.done();
      case "error":
        if (event.fatal) return this.#die(new Error(event.message));
        if (!this.dataset) return this.#open.fail(new Error(event.message));
    }
    this.#hearing?.hear(event);
  }

  #die(error: Error) {
    this.#dead ??= error;
    this.#open.fail(error);
    this.#run?.fail(error);
  }
}
