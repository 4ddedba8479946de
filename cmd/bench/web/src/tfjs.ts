// A worker that trains a network without privacy in TF.js: SIMD, one thread, every kernel inside wasm.
// It answers {op: "open"}, {op: "gradient"} (for checking) and {op: "step"}; each answer carries {error} or a result.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { Model } from "./model";
import { registerFilterGradient, repairMaxPoolGradient, replaceInputGradient } from "./tfjs-gradients";
import { Network } from "./tfjs-layers";

export type TfjsRequest =
  | { op: "open"; model: Model; tuned: boolean; params: Float32Array; images: Float32Array; labels: Uint8Array }
  | { op: "gradient"; count: number }
  | { op: "step"; count: number }
  | { op: "profile"; count: number };

let network: Network;
let images: tf.Tensor4D; // channels last, normalised beforehand
let labels: tf.Tensor2D; // one-hot

async function open(request: Extract<TfjsRequest, { op: "open" }>): Promise<object> {
  setWasmPaths("tfjs/");
  setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  registerFilterGradient();
  repairMaxPoolGradient();
  if (request.tuned) replaceInputGradient();
  const [c, h, w] = request.model.input;
  network = new Network(request.model, request.params);
  images = tf.keep(tf.tidy(() => tf.transpose(tf.tensor4d(request.images, [request.labels.length, c, h, w]), [0, 2, 3, 1])));
  const truth = new Float32Array(request.labels.length * request.model.classes);
  request.labels.forEach((label, i) => (truth[i * request.model.classes + label] = 1));
  labels = tf.keep(tf.tensor2d(truth, [request.labels.length, request.model.classes]));
  return { version: tf.version_core, simd: await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT") };
}

// sums is the loss and the gradients of a batch, both summed over its samples.
function sums(count: number): { value: tf.Scalar; grads: tf.Tensor[] } {
  const x = tf.slice(images, [0, 0, 0, 0], [count, -1, -1, -1]);
  const y = tf.slice(labels, [0, 0], [count, -1]);
  return tf.valueAndGrads((...weights) => crossEntropy(network.logits(x, weights), y))(network.weights);
}

// crossEntropy is softmax cross-entropy with the gradient that TF.js's own loss has, softmax minus truth.
function crossEntropy(logits: tf.Tensor, truth: tf.Tensor): tf.Scalar {
  const loss = tf.customGrad((x, save) => {
    const logits = x as tf.Tensor;
    const shifted = tf.sub(logits, tf.max(logits, 1, true));
    const logProb = tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
    (save as tf.GradSaveFunc)([logProb]);
    return {
      value: tf.neg(tf.sum(tf.mul(logProb, truth))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.sub(tf.exp(saved[0]!), truth)),
    };
  });
  return loss(logits) as tf.Scalar;
}

function step(count: number): object {
  const loss = tf.tidy(() => sums(count).value.dataSync()[0]);
  if (tf.getBackend() !== "wasm") throw new Error(`TF.js left wasm for ${tf.getBackend()}`);
  return { loss };
}

function gradient(count: number): object {
  return tf.tidy(() => {
    const { value, grads } = sums(count);
    return { loss: value.dataSync()[0], gradient: Array.from(network.flat(grads)) };
  });
}

// profile is the time in each kernel, to see that nothing silly dominates.
async function profile(count: number): Promise<object> {
  const info = await tf.profile(() => tf.tidy(() => void sums(count)));
  const kernels: Record<string, number> = {};
  for (const k of info.kernels) kernels[k.name] = (kernels[k.name] ?? 0) + ((await k.kernelTimeMs) as number);
  return { kernels };
}

onmessage = async ({ data: request }: MessageEvent<TfjsRequest>) => {
  try {
    switch (request.op) {
      case "open":
        return postMessage(await open(request));
      case "step":
        return postMessage(step(request.count));
      case "gradient":
        return postMessage(gradient(request.count));
      case "profile":
        return postMessage(await profile(request.count));
    }
  } catch (error) {
    postMessage({ error: `TF.js ${request.op}: ${error instanceof Error ? error.stack : error}` });
  }
};
