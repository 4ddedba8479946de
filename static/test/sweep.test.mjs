// Intervals of what a queue of runs came to.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

globalThis.document = { getElementById: () => undefined };
const { interval } = await load("run/sweep");
const of = (...accuracies) => interval(accuracies.map((accuracy) => ({ accuracy, stdError: 0.01 })));
const near = (a, b) => a.forEach((x, i) => assert.ok(Math.abs(x - b[i]) < 1e-9, `${a} is not ${b}`));

test("several runs have Student's interval, one its own error, none nothing", () => {
  near(of(0.5), [0.5 - 0.0196, 0.5 + 0.0196]);
  near(of(0.4, 0.6), [0, 1]); // 12.706 * 0.1414 / 1.4142 reaches beyond what an accuracy can be
  const half = (4.303 * 0.01) / Math.sqrt(3);
  near(of(0.79, 0.8, 0.81), [0.8 - half, 0.8 + half]);
  assert.equal(of(), undefined);
  assert.equal(interval([{ accuracy: 0.5 }]), undefined);
});
