import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { load } from "./load.mjs";

const { halfInterval, ownStandings, readView, usual, viewed, writeView } = await load("leaderboard/board");
const { addressOf, applied, readAddress } = await load("settings/address");
const { fallback } = await load("settings/settings");
const results = JSON.parse(readFileSync(new URL("../../docs/experiments/results.json", import.meta.url), "utf8"));

test("the address of every run of the experiments is its configuration, but for the workers", () => {
  for (const { dataset, config } of results) {
    const address = readAddress(addressOf(dataset, config));
    const { config: read, drafts } = applied({ ...fallback, model: address.model, epochs: 99, momentum: 0.5 }, address);
    assert.deepEqual([address.data, read, drafts, address.unknown], [dataset, { ...config, workers: 0 }, {}, []]);
  }
});

const line = (more) => ({ setting: "a", dataset: "mnist", mechanism: "fixed", title: "Fixed", accuracy: 0.9, half: 0.01, runs: 3, epsilon: 3, steps: 10, ...more });
const board = {
  settings: [{ setting: "a", title: "A", about: "" }],
  standings: [
    line({ config: results.find((r) => r.setting === "a" && r.dataset === "mnist" && r.mechanism === "fixed").config }),
    line({ mechanism: "quantile", title: "Adaptive", accuracy: 0.8, epsilon: 2.5 }),
    line({ setting: "", title: "As claimed", accuracy: 0.95, runs: undefined, epsilon: undefined, claimed: "3.00" }),
    line({ dataset: "cifar-10", accuracy: 0.5 }),
  ],
};
const titles = (view) => viewed(board.standings, { ...usual, ...view }).map(({ title }) => title);

test("rows are filtered and sorted; those without a figure come last", () => {
  assert.deepEqual(titles({}), ["As claimed", "Fixed", "Adaptive"]);
  assert.deepEqual(titles({ by: "epsilon", down: false }), ["Adaptive", "Fixed", "As claimed"]);
  assert.deepEqual(titles({ by: "epsilon", down: true }), ["Fixed", "Adaptive", "As claimed"]);
  assert.deepEqual(titles({ by: "mechanism", down: false }), ["Adaptive", "As claimed", "Fixed"]);
  assert.deepEqual(titles({ setting: "published" }), ["As claimed"]);
  assert.deepEqual(titles({ setting: "a", find: " QUANT ada" }), ["Adaptive"]);
  assert.deepEqual(titles({ data: "cifar-10" }), ["Fixed"]);
});

test("a view survives its address, and an address that means nothing is the usual view", () => {
  for (const view of [usual, { data: "cifar-10", setting: "published", find: "a & b", by: "epsilon", down: false }, { ...usual, by: "steps" }]) {
    assert.deepEqual(readView(writeView(view), board), view);
  }
  assert.deepEqual(readView("#data=elsewhere&setting=z&by=luck", board), usual);
});

test("a person's own runs of one configuration are one row, in the setting that they are in", () => {
  const { config } = board.standings[0];
  const run = (accuracy, more) => ({
    over: true, dataset: { name: "mnist" }, planned: { epsilonUpper: 2.9, steps: 10 }, last: { step: 10 }, epochs: [{ step: 10, accuracy }], ...more, config: { ...config, workers: 3, ...more?.config },
  });
  const rows = ownStandings(
    [
      run(0.9), run(0.92, { config: { seed: 9 }, planned: { epsilonUpper: 2.95, steps: 10 } }), run(0.5, { config: { clipNorm: 7, seed: undefined } }), run(0.6, { config: { nonPrivate: true } }),
      run(0.99, { last: { step: 4 } }), run(0.99, { over: false }), run(0.99, { dataset: { name: "mnist", own: true } }), run(0.99, { dataset: { name: "digits" } }),
    ],
    board,
  );
  assert.deepEqual(rows.map(({ setting, runs, epsilon }) => [setting, runs, epsilon]), [["a", 2, 2.95], ["own", 1, 2.9], ["own", 1, undefined]]);
  assert.ok(Math.abs(rows[0].accuracy - 0.91) < 1e-12 && rows[0].own);
  assert.match(rows[0].notes[0], /not private/);
  assert.equal(rows[1].notes, undefined);
});

test("runs on vectors stand apart, those on an encoder's say which", () => {
  const { config } = board.standings[0];
  const run = (accuracy, dataset) => ({ over: true, dataset: { name: "mnist", title: "MNIST", ...dataset }, planned: { epsilonUpper: 2.9, steps: 10 }, last: { step: 10 }, epochs: [{ step: 10, accuracy }], config: { ...config, seed: undefined } });
  const vectors = { kind: "vector", title: "MNIST, fixed features" };
  const rows = ownStandings([run(0.9, {}), run(0.98, vectors), run(0.99, { ...vectors, encoder: "encoder a.onnx" }), run(0.97, { ...vectors, encoder: "encoder b.onnx" })], board);
  assert.deepEqual(rows.map(({ setting, runs, features }) => [setting, runs, features]), [["a", 1, undefined], ["own", 1, "MNIST, fixed features"], ["own", 1, "encoder a.onnx"], ["own", 1, "encoder b.onnx"]]);
  assert.match(rows[2].notes[0], /encoder a\.onnx, whose training data are outside/);
  assert.equal(rows[1].notes, undefined);
});

// As TestInterval of cmd/experiments/experiment: t is 4.302653 for 2 degrees of freedom; Wilson's of 9,500 in 10,000.
test("intervals are those of the experiments, or a little wider", () => {
  const three = halfInterval([0.96, 0.97, 0.98]);
  assert.ok(three >= (4.302653 * 0.01) / Math.sqrt(3) && three < (4.31 * 0.01) / Math.sqrt(3));
  assert.ok(Math.abs(halfInterval([0.95]) - (0.9541 - 0.94555) / 2) < 2e-5);
  const t = (n) => halfInterval(Array.from({ length: n }, (_, i) => i % 2)) * Math.sqrt(n) / Math.sqrt((n * 0.25) / (n - 1));
  for (const [n, least] of [[12, 2.201], [20, 2.0931], [30, 2.0453], [120, 1.9801]]) if (n % 2 === 0) assert.ok(t(n) >= least && t(n) < least + 0.03, `${n} runs: ${t(n)}`);
});
