// The page's end of the line to the trainer worker.
import * as addresses from "./addresses";
import { pageName } from "./requests";
import { keepSite } from "./site";
import type { AccountAnswer, AccountQuestion, AuditAnswer, AuditQuestion, BoundsAnswer, BoundsQuestion, Budget, Config, Event, EventOf, Merged, ReplayAnswer, Request, Spending, Taken } from "../protocol";

/** Why the accountant has no answer, for a person to read: without the name of the part that says so. */
export class AccountError extends Error {
  readonly segment?: number; // of the schedule, from 1, where that is at fault

  constructor({ error, segment }: AccountAnswer) {
    const words = error!.replace(/^[a-z]+: /, "");
    super(`${words[0].toUpperCase()}${words.slice(1)}.`);
    this.segment = segment;
  }
}

type Listener = (event: Event) => void;

/** Events that only whoever asked may hear. */
const answers = ["account", "bounds", "prediction", "audit", "replay", "taken", "spending", "exported", "imported"] as const;
type Answer = EventOf<(typeof answers)[number]>;
const isAnswer = (event: Event): event is Answer => (answers as readonly string[]).includes(event.type);

/** What waits for an answer, or for the trainer's death. */
interface Question {
  hear: (event: any) => void; // of the type that was asked for
  fail: (error: Error) => void;
}

export class Trainer {
  #worker: Worker;
  #listener: Listener;
  #questions = new Map<number, Question>();
  #lastQuestion = 0;

  constructor(listener: Listener = () => {}) {
    this.#listener = listener;
    this.#worker = startBound(addresses.trainer);
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (error) => {
      this.#hear({ type: "error", fatal: true, message: `The trainer failed: ${error.message || "its script did not load"}` });
    };
    this.send({ type: "boot", wasm: addresses.wasm, compute: addresses.compute });
  }

  send(request: Request, transfer: Transferable[] = []) {
    this.#worker.postMessage(request, transfer);
  }

  /** Asks the accountant, which needs no data. A bad question is an Error that says why. */
  async ask(question: AccountQuestion): Promise<AccountAnswer> {
    const answer = await new Promise<AccountAnswer>((resolve, fail) => {
      this.send({ type: "account", question, id: this.#expect({ hear: ({ answer }: EventOf<"account">) => resolve(answer), fail }) });
    });
    if (answer.error) throw new AccountError(answer);
    return answer;
  }

  /** What the run's model takes a record for: a probability for each class. */
  async predict(record: Uint8Array): Promise<number[]> {
    const answer = await new Promise<EventOf<"prediction">>((hear, fail) => this.send({ type: "predict", record, id: this.#expect({ hear, fail }) }));
    if (!answer.prediction) throw new Error(answer.message);
    return answer.prediction;
  }

  /** Bounds of a column of own data, noised; their ledger is charged before it answers. */
  async bounds(bounds: BoundsQuestion): Promise<BoundsAnswer> {
    const answer = await new Promise<EventOf<"bounds">>((hear, fail) => this.send({ type: "bounds", bounds, id: this.#expect({ hear, fail }) }));
    return answer.bounds;
  }

  /** The run's model and what is public of it, to make files of. */
  async take(): Promise<Taken> {
    return new Promise((resolve, fail) => {
      this.send({ type: "take", id: this.#expect({ hear: ({ taken }: EventOf<"taken">) => resolve(taken), fail }) });
    });
  }

  /** What was spent on the open records; first, if so asked, their lifetime budget is set to suit a configuration, or lifted. */
  async spending(delta: number, change?: { budget: Budget; config: Config }): Promise<Spending> {
    const answer = await new Promise<EventOf<"spending">>((hear, fail) => {
      const id = this.#expect({ hear, fail });
      this.send(change ? { type: "budget", ...change, delta, id } : { type: "spending", delta, id });
    });
    if (!answer.spending) throw new Error(answer.message);
    return answer.spending;
  }

  /** All ledgers of this browser, as a file. */
  async exportLedgers(): Promise<Uint8Array> {
    const answer = await new Promise<EventOf<"exported">>((hear, fail) => this.send({ type: "export", id: this.#expect({ hear, fail }) }));
    if (!answer.ledgers) throw new Error(answer.message);
    return answer.ledgers;
  }

  /** Merges a file of ledgers into this browser's. */
  async importLedgers(ledgers: Uint8Array): Promise<Merged[]> {
    const answer = await new Promise<EventOf<"imported">>((hear, fail) => this.send({ type: "import", ledgers, id: this.#expect({ hear, fail }) }));
    if (!answer.imported) throw new Error(answer.message);
    return answer.imported;
  }

  /** Attacks a mechanism; progress hears how far that is. */
  async audit(audit: AuditQuestion, progress: (answer: AuditAnswer) => void): Promise<AuditAnswer> {
    const answer = await new Promise<AuditAnswer>((resolve, fail) => {
      const hear = ({ audit: answer }: EventOf<"audit">) => (answer.error || answer.guesses ? resolve(answer) : progress(answer));
      this.send({ type: "audit", audit, id: this.#expect({ hear, fail }) });
    });
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** Trains with a mechanism as published, on the open dataset; progress hears how far that is. */
  async replay(config: Config, progress: (answer: ReplayAnswer) => void): Promise<ReplayAnswer> {
    const answer = await new Promise<ReplayAnswer>((resolve, fail) => {
      const hear = ({ replay: answer }: EventOf<"replay">) => (answer.done ? resolve(answer) : progress(answer));
      this.send({ type: "replay", config, id: this.#expect({ hear, fail }) });
    });
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** Ends the worker and its compute workers, whatever they are doing. */
  terminate() {
    this.#worker.terminate();
    this.#failAll("the trainer was ended");
  }

  #expect(question: Question): number {
    this.#questions.set(++this.#lastQuestion, question);
    return this.#lastQuestion;
  }

  #hear(event: Event) {
    if (event.type === "error" && event.fatal) this.#failAll(event.message);
    if (event.type === "ready") keepSite(); // what opens the page comes first
    const id = "id" in event ? event.id : undefined;
    const question = this.#questions.get(id ?? 0);
    if (question && event.type === "error") {
      question.fail(new Error(event.message));
    } else if (isAnswer(event)) {
      question?.hear(event);
    } else {
      return this.#listener(event);
    }
    if (event.type !== "audit" && event.type !== "replay") this.#questions.delete(id ?? 0);
  }

  #failAll(why: string) {
    const waiting = [...this.#questions.values()];
    this.#questions.clear();
    for (const { fail } of waiting) fail(new Error(why));
  }
}

/**
 * Starts a worker that the page's policy binds. A worker loaded from an address takes its policy from that response's
 * headers, which a plain host does not send; one started from a blob inherits the policy of the page.
 */
export function startBound(script: string): Worker {
  const line = new Blob([`importScripts(${JSON.stringify(script)})`], { type: "text/javascript" });
  const url = URL.createObjectURL(line);
  const worker = new Worker(url, { name: pageName });
  // The worker reads the blob while it starts; a minute is ample, even on a busy machine.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return worker;
}
