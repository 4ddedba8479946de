// What TF.js's wasm backend lacks, made of kernels it has: the gradient of a convolution's filter, as im2col and
// matMul. matMul takes the slow scalar path for transposed operands, so they are transposed beforehand.
import * as tf from "@tensorflow/tfjs-core";

export function registerFilterGradient(): void {
  tf.registerKernel({
    kernelName: tf.Conv2DBackpropFilter,
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as unknown as { x: tf.Tensor4D; dy: tf.Tensor4D };
      const { strides, pad, filterShape } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
      const stride = Array.isArray(strides) ? strides[0] : strides;
      return filterGradient(x, dy, filterShape[0], stride, pad === "valid" ? 0 : (pad as number));
    },
  });
}

// filterGradient is dL/dw [ky][kx][in][out] of y = conv2d(x, w): x [n][h][w][in], dy [n][oh][ow][out].
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, kernel: number, stride: number, pad: number): tf.Tensor4D {
  return tf.tidy(() => {
    const [n, oh, ow, out] = dy.shape;
    const inputs = x.shape[3];
    const padded = pad ? tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]]) : x;
    const planes = tf.transpose(padded, [3, 0, 1, 2]); // [in][n][h][w]: a tap is then a run of rows
    const taps: tf.Tensor2D[] = [];
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        taps.push(tf.reshape(window(planes, ky, kx, oh, ow, stride), [inputs, n * oh * ow]));
      }
    }
    const columns = tf.concat(taps, 0); // [ky kx in][n oh ow]
    return tf.reshape(tf.matMul(columns, tf.reshape(dy, [n * oh * ow, out])), [kernel, kernel, inputs, out]);
  });
}

// window is what one tap of the filter sees: [in][n][oh][ow].
function window(planes: tf.Tensor, ky: number, kx: number, oh: number, ow: number, stride: number): tf.Tensor {
  const [inputs, n] = planes.shape as [number, number];
  const height = (oh - 1) * stride + 1;
  const width = (ow - 1) * stride + 1;
  if (stride === 1) return tf.slice(planes, [0, 0, ky, kx], [inputs, n, height, width]);
  return tf.stridedSlice(planes, [0, 0, ky, kx], [inputs, n, ky + height, kx + width], [1, 1, stride, stride]);
}
