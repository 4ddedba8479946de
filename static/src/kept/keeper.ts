// The page's end of the worker that keeps files in this browser.
import * as addresses from "../trainer/addresses";
import { startBound } from "../trainer/bound";
import type { KeptFile, Reply, Request } from "./messages";

/** Why something could not be kept, for a person to read. */
export class StorageError extends Error {
  readonly full: boolean;

  constructor({ name, message }: { name: string; message: string }) {
    const full = name === "QuotaExceededError";
    super(full ? "this browser's storage for the page is full" : name === "SecurityError" || name === "InvalidStateError" || name === "UnknownError" ? "this browser denies the page its storage, as private windows do" : message || name);
    this.full = full;
  }
}

type Asked = Request extends infer R ? (R extends unknown ? Omit<R, "id"> : never) : never;

export class Keeper {
  #port?: MessagePort;
  #waiting = new Map<number, { resolve: (reply: Reply) => void; fail: (error: Error) => void }>();
  #last = 0;

  async list(): Promise<KeptFile[]> {
    return (await this.#ask({ do: "list" })).files!;
  }

  /** The content of a file; it may be read piece by piece. undefined: there is no such file. */
  async read(name: string): Promise<Blob | undefined> {
    return (await this.#ask({ do: "read", name })).content;
  }

  /** Returns when the whole content is in its place; until then, and if it fails, the old one is. Arrays are handed over, and empty afterwards. */
  async write(name: string, content: BlobPart[]) {
    const arrays = content.filter((part) => ArrayBuffer.isView(part)).map((part) => part.buffer as ArrayBuffer);
    await this.#ask({ do: "write", name, content }, arrays);
  }

  async remove(name: string) {
    await this.#ask({ do: "remove", name });
  }

  async clear() {
    await this.#ask({ do: "clear" });
  }

  #ask(request: Asked, handedOver: Transferable[] = []): Promise<Reply> {
    const port = (this.#port ??= this.#start());
    const id = ++this.#last;
    return new Promise((resolve, fail) => {
      this.#waiting.set(id, { resolve, fail });
      port.postMessage({ ...request, id }, handedOver);
    });
  }

  #start(): MessagePort {
    const worker = startBound(addresses.keeper);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.#hear(data);
    worker.onerror = (error) => {
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      this.#port = undefined;
      for (const { fail } of waiting) fail(new StorageError({ name: "", message: error.message || "the script that keeps files did not load" }));
    };
    worker.postMessage(port2, [port2]);
    return port1;
  }

  #hear(reply: Reply) {
    const asked = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.failed) asked?.fail(new StorageError(reply.failed));
    else asked?.resolve(reply);
  }
}
