import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { Flow } from "#src/relay/flow.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { ManualClock } from "../support/clock.js";
import { keepBusy } from "../support/cpu.js";
import { FakeEnd } from "../support/fake-end.js";
import { until } from "../support/wait.js";

/** A flow from one end to another. `workMs`: how long a write keeps the program busy. */
function scene(blockSize: number, workMs = 0) {
  const from = new FakeEnd();
  const to = new FakeEnd();
  const flow: Flow = new Flow(from, to, blockSize, new ManualClock(), {
    write(_flow, block) {
      keepBusy(workMs);
      to.write(block);
    },
    fault: (error) => assert.fail(String(error)),
  });
  from.events = { ...IGNORE_EVENTS, data: (chunk) => flow.pass(chunk), eof: () => flow.finish() };
  to.events = { ...IGNORE_EVENTS, drained: () => flow.drained() };
  from.resume();
  return { from, to, flow };
}

test("blocks are of their size, in order, and the source is not read before all of them are written", async () => {
  const { from, to, flow } = scene(3, 1);
  const text = "0123456789".repeat(5);
  from.send(text);
  assert.equal(from.isPaused, true);
  assert.ok(to.text.length < text.length, "others have their turn");
  await until(() => to.text === text, "the rest to be written");
  assert.ok(to.written.every(({ text: block }, index) => block.length === (index === 16 ? 2 : 3)));
  await until(() => !from.isPaused, "the source to be read again");
  assert.equal(flow.bytes, text.length);
});

test("a block more than one that the sink takes is not written", async () => {
  const { from, to } = scene(3);
  to.setBusy(true);
  from.send("0123456789");
  await nextPass();
  assert.equal(to.text, "012");
  to.setBusy(false);
  assert.equal(to.text, "0123456789");
  assert.equal(from.isPaused, false);
});

test("FIN goes behind the blocks that wait", async () => {
  const { from, to, flow } = scene(1, 1);
  from.send("0123456789");
  flow.finish();
  assert.equal(to.ended, false);
  await until(() => to.ended, "FIN");
  assert.equal(to.text, "0123456789");
});

test("a flow that finishes at once leaves nothing out", () => {
  const { from, to, flow } = scene(1, 1);
  from.send("0123456789");
  flow.finishAtOnce();
  assert.equal(to.text, "0123456789");
  assert.equal(to.ended, true);
});

test("a flow that is stopped writes nothing more", async () => {
  const { from, to, flow } = scene(1, 1);
  from.send("0123456789");
  const before = to.text;
  flow.stop();
  await nextPass();
  await nextPass();
  assert.equal(to.text, before);
  assert.equal(from.isPaused, true);
});

test("a sink that tells amid each write that it has taken it gets every block once", async () => {
  const { from, to } = scene(3, 1);
  to.onWritten = () => to.events.drained();
  const text = "0123456789".repeat(5);
  from.send(text, "abc");
  await until(() => to.text.length >= text.length + 3 && !from.isPaused, "all of it");
  assert.equal(to.text, `${text}abc`);
});
