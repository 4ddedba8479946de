// The page's end of the program that writes and reads files of models and certificates.
import type { TakeReply, TakeReplyOf, TakeRequest } from "../protocol";
import * as home from "../trainer/home";
import { Program } from "../trainer/program";

const program = new Program("the program that writes files", home.takeWasm);

/** What is asked, before it has a number. */
type Asked = TakeRequest extends infer R ? (R extends { id?: number } ? Omit<R, "id"> : never) : never;

interface Question {
  hear: (reply: any) => void; // of the type that was asked for
  fail: (error: Error) => void;
}

export class Taker {
  #worker?: Promise<Worker>;
  #questions = new Map<number, Question>();
  #last = 0;

  /** Asks, and waits for a reply of this type. A refusal is an Error that says why. */
  async ask<T extends Exclude<TakeReply["type"], "refused">>(type: T, request: Asked): Promise<TakeReplyOf<T>> {
    const worker = await (this.#worker ??= this.#start());
    const id = ++this.#last;
    return new Promise((hear, fail) => {
      this.#questions.set(id, { hear, fail });
      worker.postMessage({ ...request, id });
    });
  }

  async #start(): Promise<Worker> {
    try {
      const worker = await program.start();
      worker.onerror = (error) => this.#end(error.message || "it failed");
      worker.onmessage = ({ data }) => (data.failed === undefined ? this.#hear(data.reply) : this.#end(data.failed));
      return worker;
    } catch (error) {
      this.#worker = undefined;
      throw error;
    }
  }

  #hear(reply: TakeReply) {
    const question = this.#questions.get(reply.id ?? 0);
    this.#questions.delete(reply.id ?? 0);
    if (reply.type === "refused") question?.fail(new Error(inWords(reply.message)));
    else question?.hear(reply);
  }

  #end(why: string) {
    this.#worker?.then((worker) => worker.terminate(), () => {});
    this.#worker = undefined;
    const waiting = [...this.#questions.values()];
    this.#questions.clear();
    for (const { fail } of waiting) fail(new Error(`The program that writes files has stopped: ${why}`));
  }
}

/** A refusal without the names of the parts that say so. */
function inWords(message: string): string {
  const words = message.replace(/^([a-z]+: )+/, "");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
