// The page's end of the worker that reads own files. It is loaded when it is first asked for, and then kept: after that the page
// needs no network to read, or to start it again.
import * as home from "../trainer/home";
import { Program } from "../trainer/program";
import type { File as Packed } from "../protocol";
import { bytesOf } from "../ui/base64";
import type { Dropped } from "./dropped";
import type { Counted, Look, Problem, Progress, Recipe, Reply, ReplyOf, Request, Result, Settings } from "./messages";

/** Why there is nothing to read, and what could not be. */
export class Refusal extends Error {
  readonly skipped: Problem[];

  constructor(message: string, skipped: Problem[] = []) {
    const name = /^\S*\.\w+:/.test(message); // of a file, which keeps its letters
    super(name ? message : message.charAt(0).toUpperCase() + message.slice(1));
    this.skipped = skipped;
  }
}

/** What is asked, before it has a number. */
type Asked = Request extends infer R ? (R extends { id: number } ? Omit<R, "id"> : never) : never;

/** What was read: the files of a dataset, and the marks of its records (see collections.ts). */
export interface Packing {
  files: Packed[];
  marks: BigUint64Array;
}

interface Question {
  hear: (reply: any, packing?: Packing) => void; // of the type that was asked for
  fail: (error: Error) => void;
  progress?: (progress: Progress) => void;
}

const program = new Program("the importer", home.intakeWasm);

export class Reader {
  #worker?: Promise<Worker>;
  #questions = new Map<number, Question>();
  #last = 0;
  #files: Dropped[] = [];
  #given = false; // the worker has them

  /** Takes files, in the place of those before. */
  drop(files: Dropped[]) {
    this.#files = files;
    this.#given = false;
  }

  async look(settings: Settings, progress: (p: Progress) => void): Promise<Look> {
    const { reply } = await this.#ask<"looked">({ type: "look", settings }, { dropped: true, progress });
    return reply.look;
  }

  async read(settings: Settings, progress: (p: Progress) => void): Promise<{ result: Result; packing: Packing }> {
    const { reply, packing } = await this.#ask<"read">({ type: "read", settings }, { dropped: true, progress });
    return { result: reply.result, packing: packing! };
  }

  /** Where a column's values lie: private, and for the trainer alone, which adds noise. */
  async count(settings: Settings, column: string): Promise<Counted> {
    const { reply } = await this.#ask<"counted">({ type: "count", settings, column }, { dropped: true });
    return reply.counted;
  }

  /** A record of one more file, or of a row's texts, made as those of the dataset were, and what was wrong with a file that could be read. */
  async record(recipe: Recipe, from: { file: File } | { row: string[] }): Promise<{ record: Uint8Array; damage: string[] }> {
    const file = "file" in from ? from.file : undefined;
    const { reply } = await this.#ask<"record">({ type: "record", recipe, name: file?.name ?? "", row: "row" in from ? from.row : [] }, { file });
    return { record: bytesOf(reply.values), damage: reply.damage ?? [] };
  }

  /** Stops whatever goes on: the worker is ended, and started again when it is next needed. */
  cancel(why = "cancelled") {
    this.#worker?.then((worker) => worker.terminate(), () => {});
    this.#worker = undefined;
    this.#given = false;
    const waiting = [...this.#questions.values()];
    this.#questions.clear();
    for (const { fail } of waiting) fail(new Refusal(why));
  }

  async #ask<T extends Reply["type"]>(request: Asked, more: { dropped?: boolean; file?: File; progress?: (p: Progress) => void }): Promise<{ reply: ReplyOf<T>; packing?: Packing }> {
    const starting = (this.#worker ??= this.#start());
    const worker = await starting;
    if (this.#worker !== starting) throw new Refusal("cancelled");
    const files = more.dropped && !this.#given ? this.#files : undefined;
    if (files) this.#given = true;
    const id = ++this.#last;
    return new Promise((resolve, fail) => {
      this.#questions.set(id, { hear: (reply: ReplyOf<T>, packing) => resolve({ reply, packing }), fail, progress: more.progress });
      worker.postMessage({ request: JSON.stringify({ ...request, id }), files, file: more.file });
    });
  }

  async #start(): Promise<Worker> {
    try {
      const worker = await program.start();
      worker.onerror = (error) => this.cancel(`reading failed: ${error.message}`);
      worker.onmessage = ({ data }) => this.#hear(data);
      return worker;
    } catch (error) {
      this.#worker = undefined;
      throw new Refusal(`your files cannot be read here: ${(error as Error).message}`);
    }
  }

  #hear(data: { failed?: string; reply?: string; files?: Packed[]; marks?: ArrayBuffer }) {
    if (data.failed !== undefined) return this.cancel(`reading failed: ${data.failed}`);
    const reply: Reply = JSON.parse(data.reply!);
    if (reply.type === "failed") return this.cancel(`reading failed: ${reply.message}`);
    const question = this.#questions.get(reply.id);
    if (!question) return;
    if (reply.type === "progress") return question.progress?.(reply.progress);
    this.#questions.delete(reply.id);
    if (reply.type === "refused") question.fail(new Refusal(reply.message, reply.skipped));
    else question.hear(reply, data.files && { files: data.files, marks: new BigUint64Array(data.marks!) });
  }
}
