import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { genericPosterior, posterior, power } = await load("results/tradeoff");

test("the best attacker between two points of a curve", () => {
  const curve = { fpr: [0, 0.1, 1], tpr: [0.05, 0.5, 1] };
  assert.equal(power(curve, 0), 0.05);
  assert.equal(power(curve, 0.1), 0.5);
  assert.ok(Math.abs(power(curve, 0.05) - 0.275) < 1e-12);
  assert.equal(power(curve, 1), 1);
});

test("posterior by Bayes: 1 in 2 suspected, 10 % against 1 %", () => {
  assert.ok(Math.abs(posterior(0.5, 0.01, 0.1) - 10 / 11) < 1e-12);
  assert.ok(Math.abs(genericPosterior(0.5, 3) - Math.exp(3) / (1 + Math.exp(3))) < 1e-12);
});
