// A worker that runs a person's own encoder, one record at a time. The file comes from anywhere, and is made to do what it likes by a
// runtime of C++ within WebAssembly: whatever it made of that, it would hold what this worker holds, and find what the page's policy, which binds this
// worker for it was started from a blob, and the guard leave of a network. A batch of one, for a network may well mix the records of a batch.
import "./guard";
import * as ort from "onnxruntime-web/wasm";
import { type Positions, Refusal, type Shape, type Taken, type Values, explained, resized, taken, vector } from "../features/encoder";
import { tellPage } from "./asked";

/** The first message. */
export interface Begin {
  runtime: Blob; // its WebAssembly
  model: Blob;
  record: Shape;
  values: Values;
  positions: Positions;
}

tellPage();
ort.env.logLevel = "fatal"; // what it says would go to the console
ort.env.wasm.numThreads = 1;
ort.env.wasm.proxy = false;

let begun: { by: ort.InferenceSession; taken: Taken; how: Begin } | undefined;

async function begin(how: Begin): Promise<number> {
  ort.env.wasm.wasmBinary = await how.runtime.arrayBuffer();
  const by = await ort.InferenceSession.create(new Uint8Array(await how.model.arrayBuffer()), { executionProviders: ["wasm"], logSeverityLevel: 4 });
  begun = { by, taken: taken(by.inputMetadata, by.outputMetadata, how.record), how };
  return (await encode(new Uint8Array(sizeOf(how.record)))).length; // of a black picture: nobody's record
}

const sizeOf = ({ channels, height, width }: Shape) => channels * height * width;

async function encode(record: Uint8Array): Promise<Float32Array> {
  const { by, taken, how } = begun!;
  const { channels, height, width } = taken.shape;
  const picture = new ort.Tensor("float32", resized(record, how.record, taken.shape, how.values), [1, channels, height, width]);
  const found = (await by.run({ [taken.input]: picture }, [taken.output]))[taken.output];
  if (found.type !== "float32") throw new Refusal(`its first output is of type ${found.type}, and float32 is wanted`);
  const made = vector(found.data as Float32Array, found.dims, how.positions);
  found.dispose();
  return made;
}

async function encodeAll(records: Uint8Array): Promise<Float32Array<ArrayBuffer>> {
  const size = sizeOf(begun!.how.record);
  const made: Float32Array[] = [];
  for (let first = 0; first < records.length; first += size) made.push(await encode(records.subarray(first, first + size)));
  const all = new Float32Array(made.reduce((sum, { length }) => sum + length, 0));
  made.reduce((at, one) => (all.set(one, at), at + one.length), 0);
  return all;
}

self.onmessage = async ({ data }: MessageEvent<Begin | { records: Uint8Array }>) => {
  try {
    if ("records" in data) {
      const vectors = await encodeAll(data.records);
      postMessage({ vectors }, { transfer: [vectors.buffer] });
    } else {
      postMessage({ values: await begin(data) });
    }
  } catch (error) {
    postMessage({ error: explained(error) });
  }
};
