// The page's end of the line to the trainer worker.
import * as addresses from "./addresses";
import type { AccountAnswer, AccountQuestion, Event, Request } from "./protocol";

type Listener = (event: Event) => void;

export class Trainer {
  #worker: Worker;
  #listener: Listener;
  #questions = new Map<number, (answer: AccountAnswer) => void>();
  #lastQuestion = 0;

  constructor(listener: Listener = () => {}) {
    this.#listener = listener;
    this.#worker = startBound(addresses.trainer);
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (error) => {
      this.#listener({ type: "error", message: `The trainer failed: ${error.message || "its script did not load"}` });
    };
    this.send({ type: "boot", wasm: addresses.wasm, compute: addresses.compute });
  }

  send(request: Request, transfer: Transferable[] = []) {
    this.#worker.postMessage(request, transfer);
  }

  /** Asks the accountant, which needs no data. A bad question is an Error that says why. */
  async ask(question: AccountQuestion): Promise<AccountAnswer> {
    const id = ++this.#lastQuestion;
    const answer = await new Promise<AccountAnswer>((resolve) => {
      this.#questions.set(id, resolve);
      this.send({ type: "account", question, id });
    });
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** Ends the worker and its compute workers, whatever they are doing. */
  terminate() {
    this.#worker.terminate();
  }

  #hear(event: Event) {
    if (event.type !== "account") return this.#listener(event);
    this.#questions.get(event.id ?? 0)?.(event.answer!);
    this.#questions.delete(event.id ?? 0);
  }
}

/**
 * Starts a worker that the page's policy binds. A worker loaded from an address takes its policy from that response's
 * headers, which a plain host does not send; one started from a blob inherits the policy of the page.
 */
function startBound(script: string): Worker {
  const line = new Blob([`importScripts(${JSON.stringify(script)})`], { type: "text/javascript" });
  const url = URL.createObjectURL(line);
  const worker = new Worker(url);
  // The worker reads the blob while it starts; a minute is ample, even on a busy machine.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return worker;
}
