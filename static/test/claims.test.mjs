import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { few, record } from "../claims.mjs";

const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const claims = JSON.parse(read("docs/experiments/claims.json"));
const cells = (html) => [...html.matchAll(/<tr[^>]*>(<th scope="row".*?)<\/tr>/g)].map(([, row]) => [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell]) => cell));

test("rows of ours are those that were run: none before, and then with mean, interval and the largest epsilon", () => {
  const one = { setting: "d", mechanism: "fixed+paced", half: 0.0012, runs: 5 };
  const standings = [
    { ...one, dataset: "mnist", accuracy: 0.98654, epsilon: 2.99991 },
    { ...one, dataset: "cifar-10", accuracy: 0.7, epsilon: 2.9, runs: 2 },
    { ...one, dataset: "mnist", mechanism: "fixed+paced, epsilon 8", accuracy: 0.99, epsilon: 8 },
  ];
  assert.equal(cells(record(claims, { standings: [] })).length, claims.published.length);
  const rows = cells(record(claims, { standings }));
  assert.equal(rows.length, claims.published.length + 1);
  assert.deepEqual(rows[0], ["This site, features without data", "98.65 ± 0.12", "", "70.00 ± 0.12", "proven, at most 3.000; runs: 5, 2"]);
});

test("runs from few records are those of docs/experiments, beside the best small model", () => {
  const words = read("docs/experiments/README.md");
  const expected = JSON.parse(read("train/expect.json"));
  const rows = cells(few(claims, expected));
  assert.equal(rows.length, claims.few.length);
  claims.few.forEach(({ dataset, records, epsilon, runs }, i) => {
    const line = words.split("\n").find((l) => l.startsWith(`| ${dataset}, N = ${records.toLocaleString("en")} `));
    const column = words.split("\n").find((l) => l.startsWith("| accuracy, % ")).split("|").findIndex((cell) => cell.trim() === `ε ${epsilon}`);
    assert.equal(line.split("|")[column].trim(), rows[i][2]);
    assert.equal(rows[i][2], runs.map((run) => run.toFixed(2)).join(", "));
    const networks = expected.filter((r) => r.kind === "image" && r.data === dataset && r.records === records && r.epsilon === epsilon).map((r) => (100 * r.accuracy).toFixed(2));
    assert.ok(networks.includes(rows[i][1]) && networks.every((a) => Number(a) <= Number(rows[i][1])));
  });
});
