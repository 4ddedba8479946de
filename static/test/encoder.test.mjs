// A person's own encoder: which are taken, what a record becomes for one, and what becomes of what it gives.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { Refusal, explained, resized, taken, vector } = await load("features/encoder");

const digit = { channels: 1, height: 28, width: 28 };
const input = (shape, more) => [{ name: "pixels", isTensor: true, type: "float32", shape, ...more }];
const outputs = [{ name: "features" }, { name: "logits" }];

test("an encoder states what it takes; what it leaves open, the records state", () => {
  assert.deepEqual(taken(input(["N", 3, 224, 160]), outputs, digit), { input: "pixels", output: "features", shape: { channels: 3, height: 224, width: 160 } });
  assert.deepEqual(taken(input([1, "C", "H", -1]), outputs, digit).shape, digit);
});

test("what is no encoder of pictures is refused, in words that say what to change", () => {
  for (const [inputs, words] of [
    [[...input([1, 3, 8, 8]), ...input([1])], /2 inputs \(pixels, pixels\).*one is wanted/],
    [[], /0 inputs/],
    [input([1, 3, 8, 8], { type: "uint8" }), /type uint8.*32 bits/],
    [[{ name: "x", isTensor: false }], /other than a tensor/],
    [input([1, 784]), /shape 1 x 784.*have four/],
    [input([]), /shape unknown/],
    [input([8, 3, 32, 32]), /8 pictures together.*batch of 1/],
    [input([1, 32, 32, 3]), /32 channels, and 1 or 3/],
    [input(["N", 3, 4096, 4096]), /at most 4194304 values/],
  ]) assert.throws(() => taken(inputs, outputs, digit), (error) => error instanceof Refusal && words.test(error.message));
  assert.throws(() => taken(input([1, 3, 8, 8]), [], digit), /no output/);
});

const near = (got, want, within = 1e-6) => {
  assert.equal(got.length, want.length);
  want.forEach((v, i) => assert.ok(Math.abs(got[i] - v) <= within, `value ${i} is ${got[i]}, want ${v}`));
};

test("a record of the encoder's size is what was recorded, normalised as said", () => {
  const shape = { channels: 3, height: 1, width: 2 };
  const record = Uint8Array.of(0, 255, 51, 102, 153, 204);
  near(resized(record, shape, shape, "unit"), [0, 1, 0.2, 0.4, 0.6, 0.8]);
  near(resized(record, shape, shape, "signed"), [-1, 1, -0.6, -0.2, 0.2, 0.6]);
  near(resized(record, shape, shape, "imagenet"), [-0.485 / 0.229, 0.515 / 0.229, -0.256 / 0.224, -0.056 / 0.224, 0.194 / 0.225, 0.394 / 0.225]);
});

test("grey is repeated for each colour, colours are averaged into grey", () => {
  const [grey, colour] = [1, 3].map((channels) => ({ channels, height: 1, width: 2 }));
  near(resized(Uint8Array.of(0, 255), grey, colour, "unit"), [0, 1, 0, 1, 0, 1]);
  near(resized(Uint8Array.of(0, 255, 51, 102, 153, 204), colour, grey, "unit"), [0.8 / 3, 2.2 / 3]);
  const [mean, std] = [(0.485 + 0.456 + 0.406) / 3, (0.229 + 0.224 + 0.225) / 3];
  near(resized(Uint8Array.of(0, 255), grey, grey, "imagenet"), [-mean / std, (1 - mean) / std]);
});

test("between two pixels a picture goes over in a straight line, and beyond the outer centres it stays", () => {
  const line = (width) => ({ channels: 1, height: 1, width });
  near(resized(Uint8Array.of(0, 255), line(2), line(4), "unit"), [0, 0.25, 0.75, 1]);
  near(resized(Uint8Array.of(0, 85, 170, 255), line(4), line(2), "unit"), [1 / 6, 5 / 6]);
  const square = { channels: 1, height: 2, width: 2 };
  near(resized(Uint8Array.of(0, 255, 255, 0), square, { ...square, height: 3, width: 3 }, "unit"), [0, 0.5, 1, 0.5, 0.5, 0.5, 1, 0.5, 0]);
  near(resized(Uint8Array.of(7), { channels: 1, height: 1, width: 1 }, square, "unit"), Array(4).fill(7 / 255));
});

test("of places the mean is taken, or each", () => {
  const given = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  near(vector(given, [1, 2, 2, 2], "mean"), [2.5, 6.5]); // of channels
  near(vector(given, [1, 4, 2], "mean"), [4, 5]); // of words
  for (const dims of [[1, 8], [8]]) near(vector(given, dims, "mean"), [...given]);
  near(vector(given, [1, 2, 2, 2], "all"), [...given]);
  assert.throws(() => vector(given, [2, 4], "mean"), /2 x 4 for one picture/);
});

test("what the runtime says is told with what to do about it", () => {
  for (const [said, words] of [
    ["Can't create a session. ERROR_CODE: 7, ERROR_MESSAGE: Failed to load model because protobuf parsing failed.", /no whole ONNX file/],
    ["ERROR_MESSAGE: Could not find an implementation for Foo(7) node: NOT_IMPLEMENTED, not implemented", /opset/],
    ["Failed to load external data file \"w.bin\", error: Module.MountedFiles is not available.", /another file.*one file/],
    ["std::bad_alloc", /memory/],
    ["something else", /refuses it: something else/],
  ]) assert.match(explained(new Error(said)), words);
  assert.equal(explained(new Refusal("it has no output")), "it has no output");
});
