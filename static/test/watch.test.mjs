// What is drawn again, and what is not.
import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { watching } = await load("state/watch");

test("is drawn when a part that it has read is another, and not otherwise", () => {
  let drawn = 0;
  const show = watching((state) => (drawn++, state.run && state.settings.config));
  const state = { run: undefined, settings: { config: {} }, log: [] };
  show(state);
  show({ ...state, log: ["a line"] });
  show({ ...state, settings: {} }); // not read until there is a run
  assert.equal(drawn, 1);
  show({ ...state, run: {} });
  show({ ...state, run: {} });
  assert.equal(drawn, 3);
  const same = { ...state, run: {} };
  show(same);
  show(same);
  assert.equal(drawn, 4);
  show({ ...same, settings: {} });
  assert.equal(drawn, 5);
  show({ ...same, settings: {} }, true);
  assert.equal(drawn, 6);
});

test("what was left to a listener reads the state as it is, and is drawn when that changes", () => {
  let drawn = 0;
  let listener;
  const show = watching((state) => {
    drawn++;
    listener = () => state.phase;
    return state.run;
  });
  const state = { run: {}, phase: "idle" };
  show(state);
  show({ ...state, phase: "running" });
  assert.equal(drawn, 1);
  assert.equal(listener(), "running");
  show({ ...state, phase: "done" });
  assert.equal(drawn, 2);
});
