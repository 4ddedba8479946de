// nn's layers in TF.js: channels last, so weights are carried from nn's order to TF.js's and gradients back.
import * as tf from "@tensorflow/tfjs-core";
import type { Layer, Model } from "./model";

const groupNormEps = 1e-5; // nn.GroupNormEps

// A parameter tensor: how nn's flat values become TF.js's, and where they lie.
interface Slot {
  offset: number;
  length: number;
  shape: number[]; // nn's
  toTF: number[]; // permutation of nn's axes
}

export class Network {
  readonly weights: tf.Tensor[];
  private readonly slots: Slot[] = [];
  private readonly apply: ((x: tf.Tensor, w: tf.Tensor[]) => tf.Tensor)[] = [];

  constructor(
    readonly model: Model,
    params: Float32Array,
  ) {
    let shape = { c: model.input[0], h: model.input[1], w: model.input[2] };
    let flattened = false; // the next linear layer reads a flattened [c][h][w]
    for (const layer of model.layers) {
      const image = shape;
      shape = outShape(layer, shape);
      if (layer.kind === "flatten") {
        flattened = true;
        this.apply.push((x) => tf.reshape(x, [x.shape[0]!, -1]));
        shape = image; // what its values mean is not forgotten: a linear layer that follows needs it
        continue;
      }
      this.add(layer, flattened ? image : { c: image.c * image.h * image.w, h: 1, w: 1 });
      if (layer.kind === "linear") flattened = false;
    }
    this.weights = this.slots.map((s) => tf.keep(carry(params.subarray(s.offset, s.offset + s.length), s)));
  }

  logits(x: tf.Tensor, weights: tf.Tensor[]): tf.Tensor {
    return this.apply.reduce((x, layer) => layer(x, weights), x);
  }

  // nn's flat gradient from TF.js's tensors.
  flat(tensors: tf.Tensor[]): Float32Array {
    const last = this.slots[this.slots.length - 1]!;
    const out = new Float32Array(last.offset + last.length);
    tensors.forEach((t, i) => out.set(carryBack(t, this.slots[i]!), this.slots[i]!.offset));
    return out;
  }

  private slot(shape: number[], toTF: number[]): number {
    const previous = this.slots[this.slots.length - 1];
    const offset = previous ? previous.offset + previous.length : 0;
    return this.slots.push({ offset, length: shape.reduce((a, b) => a * b, 1), shape, toTF }) - 1;
  }

  private add(layer: Exclude<Layer, { kind: "flatten" }>, image: { c: number; h: number; w: number }): void {
    switch (layer.kind) {
      case "conv": {
        const w = this.slot([layer.out, layer.in, layer.kernel, layer.kernel], [2, 3, 1, 0]);
        const b = this.slot([layer.out], [0]);
        const pad = layer.pad === 0 ? "valid" : layer.pad;
        this.apply.push((x, p) =>
          tf.fused.conv2d({ x: x as tf.Tensor4D, filter: p[w] as tf.Tensor4D, bias: p[b], strides: layer.stride, pad }),
        );
        return;
      }
      case "linear": {
        // The input is [h][w][c] here and [c][h][w] in nn.
        const w = this.slot([layer.out, image.c, image.h, image.w], [2, 3, 1, 0]);
        const b = this.slot([layer.out], [0]);
        this.apply.push((x, p) => tf.fused.matMul({ a: x, b: tf.reshape(p[w]!, [layer.in, layer.out]), bias: p[b] }));
        return;
      }
      case "groupnorm": {
        const scale = this.slot([layer.channels], [0]);
        const shift = this.slot([layer.channels], [0]);
        this.apply.push((x, p) => tf.add(tf.mul(normalise(x as tf.Tensor4D, layer.groups), p[scale]!), p[shift]!));
        return;
      }
      case "maxpool":
        this.apply.push((x) => tf.maxPool(x as tf.Tensor4D, layer.kernel, layer.stride, "valid"));
        return;
      case "avgpool":
        this.apply.push((x) => tf.avgPool(x as tf.Tensor4D, layer.kernel, layer.stride, "valid"));
        return;
      case "globalavgpool":
        this.apply.push((x) => tf.mean(x, [1, 2], true));
        return;
      case "relu":
        this.apply.push(tf.relu);
        return;
      case "tanh":
        this.apply.push(tf.tanh);
        return;
    }
  }
}

function normalise(x: tf.Tensor4D, groups: number): tf.Tensor {
  const [n, h, w, c] = x.shape;
  const grouped = tf.reshape(x, [n, h * w, groups, c / groups]);
  const centred = tf.sub(grouped, tf.mean(grouped, [1, 3], true));
  const variance = tf.mean(tf.square(centred), [1, 3], true);
  return tf.reshape(tf.mul(centred, tf.rsqrt(tf.add(variance, groupNormEps))), x.shape);
}

function outShape(layer: Layer, s: { c: number; h: number; w: number }): { c: number; h: number; w: number } {
  const windows = (n: number, kernel: number, stride: number, pad: number) => Math.floor((n + 2 * pad - kernel) / stride) + 1;
  switch (layer.kind) {
    case "conv":
      return { c: layer.out, h: windows(s.h, layer.kernel, layer.stride, layer.pad), w: windows(s.w, layer.kernel, layer.stride, layer.pad) };
    case "maxpool":
    case "avgpool":
      return { c: s.c, h: windows(s.h, layer.kernel, layer.stride, 0), w: windows(s.w, layer.kernel, layer.stride, 0) };
    case "globalavgpool":
      return { c: s.c, h: 1, w: 1 };
    case "linear":
      return { c: layer.out, h: 1, w: 1 };
    default:
      return s;
  }
}

function carry(values: Float32Array, s: Slot): tf.Tensor {
  return tf.transpose(tf.tensor(values, s.shape), s.toTF);
}

function carryBack(t: tf.Tensor, s: Slot): Float32Array {
  const inverse = s.toTF.map((_, axis) => s.toTF.indexOf(axis));
  const shape = s.toTF.map((axis) => s.shape[axis]!);
  return tf.tidy(() => tf.transpose(tf.reshape(t, shape), inverse).dataSync<"float32">().slice());
}
