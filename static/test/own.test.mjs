// Own data on the page: what is made of files before the importer sees them.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

test("what a microphone gave becomes a WAV of 16 bits, clipped and never wrapped round", async () => {
  const { wav } = await load("owndata/record");
  const bytes = new Uint8Array(wav(Float32Array.of(0, 1, -1, 2, -2), 16000));
  const view = new DataView(bytes.buffer);
  assert.equal(String.fromCharCode(...bytes.slice(0, 4), ...bytes.slice(8, 16)), "RIFFWAVEfmt ");
  assert.equal(view.getUint32(4, true), bytes.length - 8);
  assert.equal(view.getUint32(24, true), 16000);
  assert.equal(view.getUint32(40, true), 10);
  assert.deepEqual([0, 1, 2, 3, 4].map((i) => view.getInt16(44 + 2 * i, true)), [0, 32767, -32767, 32767, -32767]);
});

test("files of a folder keep its names, which may be classes", async () => {
  const { chosen } = await load("owndata/dropped");
  const files = [{ name: "1.png", webkitRelativePath: "pets/cat/1.png" }, { name: "2.png", webkitRelativePath: "" }];
  assert.deepEqual(chosen(files).map(({ name }) => name), ["pets/cat/1.png", "2.png"]);
  assert.deepEqual(chosen(null), []);
});

test("collections share what both know, and together know each record once", async () => {
  const { shared, union, tidied } = await load("owndata/collections");
  const of = (...values) => BigUint64Array.from(values.map(BigInt));
  const [a, b] = [of(1, 3, 5, 2n ** 63n), of(2, 3, 2n ** 63n, 2n ** 64n - 1n)];
  assert.equal(shared(a, b), 2);
  assert.equal(shared(a, of()), 0);
  assert.deepEqual(union(a, b), of(1, 2, 3, 5, 2n ** 63n, 2n ** 64n - 1n));
  assert.deepEqual(union(of(), b), b);
  assert.equal(tidied("  My   patients "), "My patients");
  assert.equal(tidied(" "), "Own data");
});
