import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { resultsCSV } = await load("take/results");

const run = (more) => ({
  planned: { private: true },
  dataset: {},
  epochs: [
    { step: 0, epoch: 0, accuracy: 0.1, stdError: 0.01, loss: 2.5, epsilon: 0 },
    { step: 40, epoch: 1, accuracy: 0.8125, loss: NaN, noised: true, epsilon: 1.25 },
  ],
  ...more,
});

test("results are a line for each evaluation", () => {
  assert.equal(
    resultsCSV(run()),
    "step,epoch,accuracy,standard_error,loss,epsilon_spent,noised,private\r\n0,0,0.1,0.01,2.5,0,no,yes\r\n40,1,0.8125,,,1.25,yes,yes\r\n",
  );
});

test("results of a run on an encoder's vectors say which, on each line", () => {
  const lines = resultsCSV(run({ dataset: { encoder: 'encoder "a".onnx, said to be trained on b, c' } })).split("\r\n");
  assert.match(lines[0], /,private,encoder$/);
  for (const line of lines.slice(1, 3)) assert.match(line, /,yes,"encoder ""a"".onnx, said to be trained on b, c; its training data are outside the guarantee"$/);
});

test("results of a run that is not private are marked, and claim no epsilon", () => {
  const lines = resultsCSV(run({ planned: { private: false } })).split("\r\n");
  assert.deepEqual(lines.slice(1, 3), ["0,0,0.1,0.01,2.5,,no,no", "40,1,0.8125,,,,yes,no"]);
});
