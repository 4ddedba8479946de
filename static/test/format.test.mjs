import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const format = await load("ui/format");

test("epsilon is never shown smaller than it is, nor a lower bound larger", () => {
  let x = 1e-6;
  for (let i = 0; i < 2000; i++, x *= 1.0173) {
    assert.ok(Number(format.epsilon(x)) >= x * (1 - 1e-9), `${x} is shown as ${format.epsilon(x)}`);
    assert.ok(Number(format.epsilonAbove(x)) >= x * (1 - 1e-9), `${x} is shown as ${format.epsilonAbove(x)}`);
    assert.ok(Number(format.epsilonBelow(x)) <= x * (1 + 1e-9), `${x} is shown as ${format.epsilonBelow(x)}`);
    assert.ok(Number(format.sigmaAbove(x)) >= x * (1 - 1e-8), `sigma ${x} is shown as ${format.sigmaAbove(x)}`);
  }
});

test("figures as people write them", () => {
  const cases = [
    [format.epsilon, 3, "3.00"], [format.epsilon, 3.0000000000000004, "3.00"], [format.epsilon, 2.991, "3.00"], [format.epsilon, 86.225, "86.3"],
    [format.epsilon, Infinity, "∞"], [format.epsilon, 0, "0"], [format.epsilonBelow, 2.99889, "2.9988"], [format.sigmaAbove, 0.650726, "0.65073"],
    [format.figure, 1e-5, "1e-5"], [format.figure, 0.650734, "0.6507"], [format.figure, 0, "0"], [format.percent, 0.98123, "98.12 %"],
    [format.duration, 3, "a few seconds"], [format.duration, 58, "1 min"], [format.duration, 76, "1 min 15 s"], [format.duration, 3700, "1 h 1 min"],
  ];
  for (const [write, value, want] of cases) assert.equal(write(value), want);
});
