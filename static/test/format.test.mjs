import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { load } from "./load.mjs";

const format = await load("ui/format");

// The same file holds accountant/figures.go.
const table = readFileSync(new URL("../../accountant/testdata/figures.csv", import.meta.url), "utf8").trim().split("\n");

test("bounds are written as the accountant writes them", () => {
  assert.equal(table[0], "kind,value,text");
  const kinds = new Set();
  for (const line of table.slice(1)) {
    const [kind, value, text] = line.split(",");
    assert.equal(format[kind](Number(value)), text, line);
    kinds.add(kind);
  }
  assert.equal(kinds.size, 9);
});

test("what is printed never claims more than what was proven", () => {
  for (let i = 0, x = 1e-6; i < 4000; i++, x *= 1.00731) {
    for (const kind of ["epsilon", "epsilonUpper", "noise"]) assert.ok(Number(format[kind](x)) >= x, `${kind} ${x} is shown as ${format[kind](x)}`);
    for (const kind of ["epsilonLower", "deltaLower"]) assert.ok(Number(format[kind](x)) <= x, `${kind} ${x} is shown as ${format[kind](x)}`);
    assert.equal(Number(format.given(x)), x);
  }
});

test("other figures as people write them", () => {
  const cases = [
    [format.figure, 1e-5, "1e-5"], [format.figure, 0.650734, "0.6507"], [format.figure, 0, "0"], [format.percent, 0.98123, "98.12 %"],
  ];
  for (const [write, value, want] of cases) assert.equal(write(value), want);
});
