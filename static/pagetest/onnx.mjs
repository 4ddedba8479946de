// Runs exported models with onnxruntime-web: argv[2] is a JSON list of jobs, the answer goes to standard output.
import { readFileSync, writeFileSync } from "node:fs";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const answers = [];
for (const { model, records, float, dims, logits, probabilities } of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const session = await ort.InferenceSession.create(readFileSync(model));
  const bytes = new Uint8Array(readFileSync(records));
  const input = float ? new ort.Tensor("float32", new Float32Array(bytes.buffer), dims) : new ort.Tensor("uint8", bytes, dims);
  const found = await session.run({ input });
  for (const [name, file] of [["logits", logits], ["probabilities", probabilities]]) writeFileSync(file, new Uint8Array(found[name].data.buffer));
  answers.push({ inputs: session.inputNames, outputs: session.outputNames, dims: found.logits.dims });
  await session.release();
}
console.log(JSON.stringify(answers));
