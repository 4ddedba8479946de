import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { mechanismWord, parseMechanism } = await load("settings/mechanism");

test("a mechanism survives its word", () => {
  for (const mechanism of [
    { name: "fixed" },
    { name: "quantile+sigma-linear+momentum", params: { "momentum.beta": 0.5, "quantile.rate": -1e-7 } },
  ]) {
    assert.deepEqual(parseMechanism(mechanismWord(mechanism)), mechanism);
  }
});

test("what is no number stays wrong, for somebody to say so", () => {
  assert.deepEqual(parseMechanism("fixed(a=1,b=,c=x)"), { name: "fixed", params: { a: 1, b: NaN, c: NaN } });
  assert.deepEqual(parseMechanism("fixed(a=1"), { name: "fixed", params: { a: 1 } });
});
