// The gradient that TF.js's wasm backend lacks, that of a convolution's filter, made of kernels it has; a repair of one
// that is wrong; and, if asked for, a quicker form of one that it computes in scalar loops.
import * as tf from "@tensorflow/tfjs-core";

export function registerFilterGradient(): void {
  tf.registerKernel({
    kernelName: tf.Conv2DBackpropFilter,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as unknown as { x: tf.Tensor4D; dy: tf.Tensor4D };
      const { strides, pad, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
      return filterGradient(x, dy, filterShape[0], single(strides), padding(pad));
    },
  });
}

// The backend's gradient of max pooling (4.22.0) starts its search at the smallest positive number, and so misses every
// window without a positive value, as tanh gives. What pooling picks does not change when all values are raised.
export function repairMaxPoolGradient(): void {
  replaceKernel(tf.MaxPoolGrad, (own, call) => {
    const { input } = call.inputs as unknown as { input: tf.Tensor4D };
    const least = tf.tidy(() => tf.min(input).dataSync()[0]!);
    if (least >= 0) return own(call);
    return tf.tidy(() => own({ ...call, inputs: { ...call.inputs, input: tf.add(input, 1 - least) } }) as tf.Tensor);
  });
}

// With a stride, spreading dy out first costs more than the backend's loops do.
export function replaceInputGradient(): void {
  replaceKernel(tf.Conv2DBackpropInput, (own, call) => {
    const { dy, filter } = call.inputs as unknown as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { strides, pad } = call.attrs as unknown as tf.Conv2DBackpropInputAttrs;
    return single(strides) === 1 ? inputGradient(dy, filter, padding(pad)) : own(call);
  });
}

function replaceKernel(name: string, kernelFunc: (own: tf.KernelFunc, call: Parameters<tf.KernelFunc>[0]) => ReturnType<tf.KernelFunc>): void {
  const own = tf.getKernel(name, "wasm");
  tf.unregisterKernel(name, "wasm");
  tf.registerKernel({ ...own, kernelFunc: (call) => kernelFunc(own.kernelFunc, call) });
}

const single = (strides: number | number[]) => (Array.isArray(strides) ? strides[0]! : strides);
const padding = (pad: unknown) => (pad === "valid" ? 0 : (pad as number));

// filterGradient is dL/dw [ky][kx][in][out] of y = conv2d(x, w, stride), for x [n][h][w][in] and dy [n][oh][ow][out]:
// the input convolved with dy as a filter, batch and channels having changed places, the stride become a dilation. TF.js
// hands it to XNNPACK, which multiplies columns without building them: as quick as im2col and matMul at the least, and
// up to 2.5 times as quick.
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, kernel: number, stride: number, pad: number): tf.Tensor4D {
  return tf.tidy(() => {
    const planes = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D;
    const filter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
    const taps = tf.conv2d(planes, filter, 1, pad, "NHWC", stride); // [in][ky][kx][out], perhaps with taps too many
    const wanted = tf.slice(taps, [0, 0, 0, 0], [-1, kernel, kernel, -1]);
    return tf.transpose(wanted, [1, 2, 0, 3]) as tf.Tensor4D;
  });
}

// inputGradient is dL/dx [n][h][w][in] for stride 1: dy convolved with the filter turned by half a circle.
function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, pad: number): tf.Tensor4D {
  return tf.tidy(() => {
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as tf.Tensor4D;
    return tf.conv2d(dy, turned, 1, filter.shape[0] - 1 - pad);
  });
}
