// The gradient that TF.js's wasm backend lacks, that of a convolution's filter, made of kernels it has; and, if asked
// for, a quicker form of the gradient of a convolution's input, which the backend computes in scalar loops.
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

// With a stride, spreading dy out first costs more than the backend's loops do.
export function replaceInputGradient(): void {
  const own = tf.getKernel(tf.Conv2DBackpropInput, "wasm");
  tf.unregisterKernel(tf.Conv2DBackpropInput, "wasm");
  tf.registerKernel({
    ...own,
    kernelFunc: (call) => {
      const { dy, filter } = call.inputs as unknown as { dy: tf.Tensor4D; filter: tf.Tensor4D };
      const { strides, pad } = call.attrs as unknown as tf.Conv2DBackpropInputAttrs;
      return single(strides) === 1 ? inputGradient(dy, filter, padding(pad)) : own.kernelFunc(call);
    },
  });
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
