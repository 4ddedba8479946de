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

export function replaceInputGradient(): void {
  tf.unregisterKernel(tf.Conv2DBackpropInput, "wasm");
  tf.registerKernel({
    kernelName: tf.Conv2DBackpropInput,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { dy, filter } = inputs as unknown as { dy: tf.Tensor4D; filter: tf.Tensor4D };
      const { strides, pad, inputShape } = attrs as unknown as tf.Conv2DBackpropInputAttrs;
      return inputGradient(dy, filter, inputShape[1], inputShape[2], single(strides), padding(pad));
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

// inputGradient is dL/dx [n][h][w][in]: dy, spread out by the stride, convolved with the filter turned by half a circle.
function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, h: number, w: number, stride: number, pad: number): tf.Tensor4D {
  return tf.tidy(() => {
    const kernel = filter.shape[0];
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as tf.Tensor4D;
    const spread = stride === 1 ? dy : spreadOut(dy, stride, h + 2 * pad - kernel + 1, w + 2 * pad - kernel + 1);
    return tf.conv2d(spread, turned, 1, kernel - 1 - pad);
  });
}

// spreadOut puts stride - 1 zeros after every row and column, then cuts to the size wanted.
function spreadOut(dy: tf.Tensor4D, stride: number, height: number, width: number): tf.Tensor4D {
  const [n, oh, ow, out] = dy.shape;
  const rows = tf.pad(tf.reshape(dy, [n * oh, 1, ow * out]), [[0, 0], [0, stride - 1], [0, 0]]);
  const cells = tf.pad(tf.reshape(rows, [n * oh * stride * ow, 1, out]), [[0, 0], [0, stride - 1], [0, 0]]);
  return tf.slice(tf.reshape(cells, [n, oh * stride, ow * stride, out]), [0, 0, 0, 0], [n, height, width, out]);
}
