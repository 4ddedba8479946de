// Where a person's code runs: a sandboxed frame of nobody's origin, whose policy is to load nothing, and in it a worker that keeps the
// language and nothing else (glue.js). The trainer talks to it through a port; this page hears of errors only, and can end it.
declare const ROOM: string; // the frame's page, with its policy; guard.ts lets this one frame be
declare const GLUE: string; // the text of glue.js, which sets $glue

/** What is wrong with the code, and where. */
export class Problem extends Error {
  readonly line?: number; // from 1

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

export const mostCode = 1 << 16; // bytes, as the trainer has it
const patience = 10_000; // milliseconds, for the code to be there
const opening = 60_000; // for the sandbox, which may be a process of its own

export class Room {
  readonly code: string;
  #frame = document.createElement("iframe");

  private constructor(code: string) {
    this.code = code;
  }

  /** Runs the code up to where its class is made. The port leads to it. */
  static async open(code: string): Promise<{ room: Room; port: MessagePort }> {
    check(code);
    const room = new Room(code);
    try {
      await room.#build();
      await room.#parse();
      return { room, port: await room.#start() };
    } catch (error) {
      room.close();
      throw error;
    }
  }

  /** Ends the code, whatever it is doing. */
  close() {
    this.#frame.remove();
  }

  #build(): Promise<void> {
    this.#frame.setAttribute("sandbox", "allow-scripts");
    this.#frame.setAttribute("srcdoc", ROOM);
    this.#frame.hidden = true;
    return within(opening, "The sandbox for the code did not open.", (done) => {
      const hear = ({ source }: MessageEvent) => {
        if (source !== this.#frame.contentWindow) return;
        removeEventListener("message", hear);
        done();
      };
      addEventListener("message", hear);
      document.body.append(this.#frame);
    });
  }

  // Code that is complete by itself cannot end the function that it is then put into, and nothing of it runs before the glue. A word that
  // the code cannot know says so, for Firefox has no line of what is thrown and is no Error, which the code could have made its own.
  async #parse() {
    const whole = `complete ${Math.random()}`;
    const { failed, line } = await this.#run(`"use strict"; throw "${whole}";\n${this.code}`);
    if (!failed?.endsWith(whole)) throw new Problem(words(failed), line! > 1 ? line! - 1 : undefined);
  }

  async #start(): Promise<MessagePort> {
    const { port1, port2 } = new MessageChannel();
    const head = `((define) => { ${GLUE.trim()}\n$glue.glue(define, `;
    const first = head.split("\n").length + 1;
    const { failed, line } = await this.#run(`${head}${first}); })(function () { "use strict";\n${this.code}\n; return typeof Mechanism === "function" ? Mechanism : undefined; });`, port2);
    if (failed) throw new Problem(words(failed), line! >= first ? line! - first + 1 : undefined);
    return port1;
  }

  /** What a worker says first, or dies of. */
  #run(script: string, ...ports: MessagePort[]): Promise<{ failed?: string; line?: number }> {
    const { port1, port2 } = new MessageChannel();
    return within(patience, "The code did not come to its end, and was stopped: what stands outside of the class runs once, and has to return.", (done) => {
      port1.onmessage = ({ data }) => {
        if (data.failed) port1.postMessage(0); // ends the worker
        done(data);
      };
      this.#frame.contentWindow!.postMessage(script, "*", [port2, ...ports]);
    });
  }
}

function check(code: string) {
  const size = new TextEncoder().encode(code).length;
  if (size > mostCode) throw new Problem(`The code has ${size} bytes, at most ${mostCode}.`);
  const lines = code.split("\n");
  const at = lines.findIndex((line) => /\bimport\b/.test(line));
  if (at >= 0) throw new Problem("The word import may not occur, not even in a comment: a mechanism loads nothing.", at + 1);
}

const words = (failed = "") => failed.replace(/^Uncaught /, "");

function within<T>(milliseconds: number, otherwise: string, start: (done: (value: T) => void) => void): Promise<T> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Problem(otherwise)), milliseconds);
    start((value) => {
      clearTimeout(timer);
      done(value);
    });
  });
}
