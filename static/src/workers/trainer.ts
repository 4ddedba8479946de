// The trainer worker: loads the Go program and hands it the page's messages. The first message says where things are.
import "./guard";
import "../../../build/wasm_exec.js"; // Go's own loader, copied from GOROOT by the build; sets globalThis.Go
import type { Event, Request, RequestOf } from "../protocol";
import { tellPage } from "./asked";

// The compute workers' script, where the build brought it along: an embedder's policy may allow no more than it must.
declare const COMPUTE: string | undefined;

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

// What the Go side finds when it starts: messages that came too early, and the text of the compute workers' script.
const inbox: Request[] = [];
Object.assign(globalThis, { cloister: { inbox, compute: "" } });

const tell = (event: Event) => postMessage(event);

async function get(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  return response;
}

async function load(url: string, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const response = await get(url);
  // Streaming wants the right MIME type; a host that does not send it still works.
  if (response.headers.get("content-type")?.startsWith("application/wasm")) {
    return (await WebAssembly.instantiateStreaming(response, imports)).instance;
  }
  return (await WebAssembly.instantiate(await response.arrayBuffer(), imports)).instance;
}

async function boot(request: RequestOf<"boot">) {
  const go = new Go();
  // Everything is fetched now, so that the page can go offline before a run starts its workers.
  const [instance, script] = await Promise.all([load(request.wasm, go.importObject), COMPUTE ?? get(request.compute).then((r) => r.text())]);
  const named = `self.name = ${JSON.stringify(self.name)};\n${script}`; // the page's name, as this worker bears it
  Object.assign((globalThis as any).cloister, { compute: named });
  await go.run(instance); // the Go program takes over onmessage and runs until it dies
  throw new Error("it stopped; its last words are in the browser's console");
}

tellPage();
self.onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.type !== "boot") inbox.push(data);
  else boot(data).catch((error) => tell({ type: "error", fatal: true, message: `The trainer failed: ${error.message ?? error}` }));
};
