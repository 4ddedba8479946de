// A run as a file of this browser.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { decodeRun, encodeRun: parts } = await load("kept/file");
const encodeRun = (...run) => new Blob(parts(...run));

const run = {
  id: 7, key: "k-1", order: 3, data: "digits", config: { model: "mlp", epsilon: 3 }, stored: true, ledger: { total: 5 },
  dataset: { name: "digits", title: "Built-in digits", classes: ["0"], samples: [{ pixels: new Uint8Array(4) }], presets: [{}] },
  planned: { steps: 10, epsilonUpper: Infinity }, last: { step: 5, epsilon: 1, seconds: 4.25, trainLoss: 0.3 },
  spending: [{ step: 5, epsilon: 1 }], steps: [{ step: 1, seconds: 1 }], epochs: [{ epoch: 1, loss: NaN, accuracy: 0.5, predictions: [1] }],
};

test("comes back as it was, with its checkpoint, and without raw figures, clocks or an old total", async () => {
  const file = encodeRun(run, new Uint8Array([1, 2, 3]));
  const { run: back, checkpoint } = await decodeRun(file);
  assert.deepEqual([...new Uint8Array(await checkpoint.arrayBuffer())], [1, 2, 3]);
  assert.equal(back.planned.epsilonUpper, Infinity);
  assert.ok(Number.isNaN(back.epochs[0].loss));
  assert.equal(back.key, "k-1");
  assert.deepEqual(back.spending, run.spending);
  assert.deepEqual(back.steps, []);
  assert.doesNotMatch(await file.text(), /seconds|trainLoss|pixels|"total"/);
});

test("what is cut short or foreign is refused, never half a run", async () => {
  const whole = new Uint8Array(await encodeRun(run, undefined).arrayBuffer());
  for (let length = 0; length < whole.length; length += 7) await assert.rejects(decodeRun(new Blob([whole.subarray(0, length)])));
  await assert.rejects(decodeRun(new Blob(["CLKEPT\0\x02", whole.subarray(8)])), /version/);
  const { key, ...nameless } = run;
  await assert.rejects(decodeRun(encodeRun(nameless, undefined)), /no run/);
});
