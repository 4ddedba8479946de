import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { readNumber, fault } = await load("settings/numbers");
const { epsilonAt, positionOf, strength } = await load("settings/epsilon-slider");
const { applied, readAddress, writeAddress } = await load("settings/address");
const { fallback } = await load("settings/settings");
const { mechanismFaults, partsOf, withParam, withPart } = await load("settings/mechanism");

test("a comma is a point, or is refused in words; never dropped", () => {
  for (const [text, value] of [["3,5", 3.5], ["0,5", 0.5], ["0,125", 0.125], ["1e-5", 1e-5], [" 2.50 ", 2.5], ["−1", -1], ["1,5e-3", 1.5e-3], ["1000", 1000]]) {
    assert.deepEqual(readNumber("It", text), { value }, text);
  }
  for (const text of ["1,024", "20,000", "1,000,000", "3.5.1", "1,2,3", "many", "0x10", "Infinity", "1e999", "", "-", "1 000"]) {
    assert.ok(readNumber("It", text).words, `“${text}” is read as ${readNumber("It", text).value}`);
  }
  assert.match(readNumber("It", "1,024").words, /1024 or 1\.024/);
  assert.deepEqual(readNumber("It", "", true), { value: undefined });
});

test("limits, in words", () => {
  const limits = { label: "Stages", min: 1, max: 100, whole: true };
  assert.equal(fault(limits, 3), undefined);
  assert.match(fault(limits, 3.5), /whole number/);
  assert.match(fault(limits, 0), /at least 1/);
  assert.match(fault(limits, 101), /at most 100/);
  assert.match(fault(limits, NaN), /needs a number/);
});

test("the slider is logarithmic, and stays where it was put", () => {
  for (let position = 0; position <= 200; position++) assert.ok(Math.abs(positionOf(epsilonAt(position)) - position) <= 2, `position ${position}`);
  assert.equal(epsilonAt(0), 0.1);
  assert.equal(epsilonAt(200), 100);
  assert.deepEqual([0.5, 1, 3, 10, 20].map(strength), ["strong", "strong", "usual", "usual", "weak"]);
});

test("an address gives back what it was made of", () => {
  const config = { ...fallback, model: "mlp", epsilon: 1.5, mechanism: { name: "quantile+momentum", params: { "momentum.beta": 0.5 } }, diagnostics: true, seed: 7 };
  const hash = writeAddress("50% off & #2", config, { ...fallback, model: "mlp" }, { batch: "many" }, ["plan", "log"]);
  const address = readAddress(hash);
  assert.equal(address.data, "50% off & #2");
  assert.equal(address.model, "mlp");
  assert.deepEqual(address.panels, ["plan", "log"]);
  assert.deepEqual(applied({ ...fallback, model: "mlp" }, address), { config, drafts: { batch: "many" } });
  assert.deepEqual(readAddress("#epsilno=3").unknown, ["epsilno"]);
});

const param = (name, usual, min, max, whole = false) => ({ name, title: name, default: usual, min, max, whole });
const part = (name, kind, ...params) => ({ name, kind, title: name, summary: "", pays: "", paper: "", params });
const catalogue = [
  part("fixed", "mechanism"),
  part("quantile", "mechanism", param("rate", 0.2, 0, 2)),
  part("sigma-linear", "noise schedule", param("end", 0.5, 0.1, 1)),
  part("average-ema", "averaging", param("decay", 0.999, 0, 0.99999)),
];

test("parts of a mechanism are changed without losing the others", () => {
  const mechanism = { name: "quantile+average-ema", params: { "average-ema.decay": 0.9, rate: 0.3 } };
  assert.deepEqual(partsOf(mechanism, catalogue), ["quantile", "", "", "", "average-ema"]);
  assert.deepEqual(withPart(mechanism, catalogue, 1, "sigma-linear"), { name: "quantile+sigma-linear+average-ema", params: { "average-ema.decay": 0.9, "quantile.rate": 0.3 } });
  assert.deepEqual(withPart(mechanism, catalogue, 0, "fixed"), { name: "fixed+average-ema", params: { "average-ema.decay": 0.9 } });
  assert.deepEqual(withParam(mechanism, catalogue, "quantile", "rate", 0.2), { name: "quantile+average-ema", params: { "average-ema.decay": 0.9 } });
});

test("what a mechanism says wrongly is named, and kept as it is", () => {
  const faults = (name, params) => Object.fromEntries(mechanismFaults({ name, params }, catalogue));
  assert.deepEqual(faults("quantile+sigma-linear"), {});
  assert.match(faults("bandmf(bands=117)+average-ema")[0], /unknown mechanism/);
  assert.match(faults("average-ema")[0], /cannot stand there/);
  assert.match(faults("quantile+average-ema+average-ema")[0], /one kind/i);
  assert.match(faults("quantile", { speed: 1 })[0], /no parameter “speed”/);
  assert.match(faults("quantile", { rate: 9 })["quantile.rate"], /at most 2/);
  assert.match(faults("quantile", { rate: NaN })["quantile.rate"], /needs a number/);
  assert.deepEqual(partsOf({ name: "wishful" }, catalogue)[0], "wishful");
});
