// The page's end of the line to the trainer worker.
import { AccountError } from "./account-error";
import * as home from "./home";
import type { AccountAnswer, AccountQuestion, AuditAnswer, AuditQuestion, BoundsAnswer, BoundsQuestion, Budget, Config, Event, EventOf, Merged, Planned, ReplayAnswer, Request, Spending, Taken } from "../protocol";

type Listener = (event: Event) => void;

/** Events that only whoever asked may hear. */
const answers = ["account", "bounds", "prediction", "audit", "replay", "taken", "spending", "exported", "imported"] as const;
type Answer = EventOf<(typeof answers)[number]>;
const isAnswer = (event: Event): event is Answer => (answers as readonly string[]).includes(event.type);

/** What waits for an answer, or for the trainer's death. */
interface Question {
  hear: (event: any) => void; // of the type that was asked for
  fail: (error: Error) => void;
  also?: Event["type"]; // an answer, though everybody may hear such events
}

export class Trainer {
  #worker: Worker;
  #listener: Listener;
  #questions = new Map<number, Question>();
  #lastQuestion = 0;
  #dead?: Error;

  constructor(listener: Listener = () => {}) {
    this.#listener = listener;
    this.#worker = home.startTrainer();
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (error) => {
      this.#hear({ type: "error", fatal: true, message: `The trainer failed: ${error.message || "its script did not load"}` });
    };
    this.send(home.boot());
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

  /** What a run would be. */
  async propose(config: Config): Promise<Planned> {
    const answer = await new Promise<EventOf<"proposal">>((hear, fail) => this.send({ type: "propose", config, id: this.#expect({ hear, fail, also: "proposal" }) }));
    if (!answer.proposal) throw new Error(answer.message);
    return answer.proposal;
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
    if (this.#dead) question.fail(this.#dead);
    else this.#questions.set(++this.#lastQuestion, question);
    return this.#lastQuestion;
  }

  #hear(event: Event) {
    if (event.type === "error" && event.fatal) this.#failAll(event.message);
    if (event.type === "ready") home.arrived();
    const id = "id" in event ? event.id : undefined;
    const question = this.#questions.get(id ?? 0);
    if (question && event.type === "error") {
      question.fail(new Error(event.message));
    } else if (isAnswer(event) || question?.also === event.type) {
      question?.hear(event);
    } else {
      return this.#listener(event);
    }
    if (event.type !== "audit" && event.type !== "replay") this.#questions.delete(id ?? 0);
  }

  #failAll(why: string) {
    this.#dead ??= new Error(why);
    const waiting = [...this.#questions.values()];
    this.#questions.clear();
    for (const { fail } of waiting) fail(new Error(why));
  }
}
