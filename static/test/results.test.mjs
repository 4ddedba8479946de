import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { centred } = await load("results/digit");
const { roughly } = await load("ui/roughly");
const { sparkPath } = await load("ui/sparkline");

const drawn = (side, ink) => ({ width: side, height: side, values: Array.from({ length: side * side }, (_, i) => (ink(i % side, Math.floor(i / side)) ? 255 : 0)) });

function moments(record, side) {
  let [sum, x, y, left, right] = [0, 0, 0, side, -1];
  record.forEach((v, i) => {
    sum += v;
    x += v * ((i % side) + 0.5);
    y += v * (Math.floor(i / side) + 0.5);
    if (v > 32) [left, right] = [Math.min(left, i % side), Math.max(right, i % side)];
  });
  return { sum, x: x / sum, y: y / sum, width: right - left + 1 };
}

test("a drawing is centred by its mass and fills the same box, wherever and how large it was drawn", () => {
  for (const [left, top, size] of [[10, 10, 40], [100, 60, 60], [60, 100, 20], [0, 0, 168]]) {
    const record = centred(drawn(168, (x, y) => x >= left && x < left + size && y >= top && y < top + size), 28, 28);
    const { x, y, width } = moments(record, 28);
    assert.ok(Math.abs(x - 14) < 0.1 && Math.abs(y - 14) < 0.1, `the centre is at ${x}, ${y}`);
    assert.equal(width, 20);
    assert.equal(Math.max(...record), 255);
  }
  const heavy = centred(drawn(168, (x, y) => (y > 40 && y < 120 && x > 20 && x < 40) || (x > 20 && x < 100 && y > 100 && y < 120)), 28, 28);
  const { x, y } = moments(heavy, 28); // an L: its mass is not in the middle of its box
  assert.ok(Math.abs(x - 14) < 0.3 && Math.abs(y - 14) < 0.3, `the centre is at ${x}, ${y}`);
});

test("no ink is an empty record", () => {
  assert.deepEqual(centred(drawn(168, () => false), 28, 28), new Uint8Array(784));
});

test("times are told coarsely", () => {
  const cases = [[0, "a few seconds"], [20, "a quarter of a minute"], [40, "half a minute"], [70, "a minute"], [130, "2 minutes"], [1000, "15 minutes"], [3500, "an hour"], [5400, "1½ hours"], [7300, "2 hours"]];
  for (const [seconds, words] of cases) assert.equal(roughly(seconds), words, `${seconds} s`);
});

test("a sparkline goes down where its values do, and holds each until the next", () => {
  assert.equal(sparkPath([4, 2, 1]), "M0 2V2H32V11H64V15.5H96");
});
