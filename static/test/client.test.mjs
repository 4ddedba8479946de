import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

// What stands in for a worker, and for the page that it is started from.
const workers = [];
globalThis.Worker = class {
  sent = [];
  constructor() { workers.push(this); }
  postMessage(message) { this.sent.push(message); }
  terminate() {}
};
const usual = globalThis.setTimeout;
globalThis.setTimeout = (...its) => usual(...its).unref(); // the page is in no hurry to free an address, node is
globalThis.ADDRESSES = { wasm: "trainer.wasm", trainer: "trainer.js", compute: "compute.js" };
globalThis.document = { baseURI: "http://localhost/" };
const { Trainer } = await load("trainer/client");

const began = () => {
  const heard = [];
  const trainer = new Trainer((event) => heard.push(event));
  const worker = workers.at(-1);
  return { trainer, heard, worker, say: (data) => worker.onmessage({ data }) };
};
const question = { kind: "epsilon", segments: "1:0.01:100", delta: 1e-5 };

test("a question is answered by its own answer", async () => {
  const { trainer, worker, say } = began();
  const [first, second] = [trainer.ask(question), trainer.predict(new Uint8Array(1))];
  const [, one, two] = worker.sent;
  say({ type: "prediction", id: two.id, prediction: [1] });
  say({ type: "account", id: one.id, answer: { upper: 2 } });
  assert.equal((await first).upper, 2);
  assert.deepEqual(await second, [1]);
});

test("a question that failed is refused, alone", async () => {
  const { trainer, worker, heard, say } = began();
  const asked = trainer.predict(new Uint8Array(1));
  say({ type: "error", id: worker.sent[1].id, message: "No." });
  await assert.rejects(asked, /No\./);
  assert.deepEqual(heard, []);
  say({ type: "ledger", ledger: { total: 1 }, id: 1 }); // a page may number what it asks for all to hear
  assert.equal(heard.length, 1);
});

for (const [how, die] of [
  ["fatally", ({ say }) => say({ type: "error", fatal: true, message: "The trainer failed: out of memory" })],
  ["by a script that does not load", ({ worker }) => worker.onerror({ message: "The trainer failed" })],
  ["because it was ended", ({ trainer }) => trainer.terminate()],
]) {
  test(`a trainer that dies ${how} leaves no question open`, async () => {
    const all = began();
    const asked = [all.trainer.ask(question), all.trainer.audit({}, () => {}), all.trainer.replay({}, () => {})];
    die(all);
    for (const one of asked) await assert.rejects(one, /trainer/);
    await assert.rejects(all.trainer.ask(question), /trainer/, "a question to a dead trainer");
  });
}
