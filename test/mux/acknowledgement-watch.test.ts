import assert from "node:assert/strict";
import { test } from "node:test";
import { AcknowledgementWatch } from "#src/mux/acknowledgement-watch.js";
import { ManualClock } from "../support/clock.js";
import { pass } from "../support/mux-parts.js";

/** A watch over a link of which the test says how often the kernel has repeated what it sent. */
function setUp() {
  const clock = new ManualClock();
  let begin = clock.now();
  const told: string[] = [];
  const kernel: { unanswered: number | undefined } = { unanswered: undefined };
  const watch = new AcknowledgementWatch({
    clock,
    async unanswered() {
      told.push(`asked at ${clock.now() - begin}`);
      return kernel.unanswered;
    },
    vanished: (ms) => void told.push(`vanished for ${ms}`),
    slow: (isSlow) => void told.push(isSlow ? "slow" : "slow no more"),
    fault: (error) => assert.fail(String(error)),
  });
  const answerAfter = async (ms: number): Promise<void> => {
    watch.sent(true, clock.now());
    clock.standStill(ms);
    watch.heard(clock.now());
    begin = clock.now();
    clock.advance(0);
  };
  return { clock, kernel, watch, told, answerAfter };
}

test("a device that acknowledges nothing is found within 0.6 s, where the bytes may be repeated", async () => {
  const { clock, kernel, watch, told, answerAfter } = setUp();
  await answerAfter(1);
  kernel.unanswered = 1;
  watch.sent(true, clock.now());
  await pass(clock, 599);
  assert.deepEqual(told, []);
  await pass(clock, 1);
  assert.deepEqual(told, ["asked at 600", "vanished for 600"]);
});

test("what may not be repeated gets 4 s", async () => {
  const { clock, kernel, watch, told } = setUp();
  kernel.unanswered = 4;
  watch.sent(true, clock.now());
  watch.sent(false, clock.now());
  await pass(clock, 4000);
  assert.deepEqual(told, ["asked at 4000", "vanished for 4000"]);
});

test("time alone proves nothing: the kernel must have tried again", async () => {
  const { clock, kernel, watch, told, answerAfter } = setUp();
  await answerAfter(1);
  kernel.unanswered = 0;
  watch.sent(true, clock.now());
  await pass(clock, 700);
  assert.deepEqual(told, ["asked at 600", "asked at 700"]);
  kernel.unanswered = 1;
  await pass(clock, 100);
  assert.equal(told.at(-1), "vanished for 800");
});

test("a device that has not answered yet gets 4 s, one that acknowledges with its slow answers four times their time", async () => {
  const fresh = setUp();
  fresh.kernel.unanswered = 2;
  fresh.watch.sent(true, fresh.clock.now());
  await pass(fresh.clock, 4000);
  assert.equal(fresh.told.at(-1), "vanished for 4000");
  const slow = setUp();
  await slow.answerAfter(500);
  slow.kernel.unanswered = 2;
  slow.watch.sent(true, slow.clock.now());
  await pass(slow.clock, 1999);
  assert.deepEqual(slow.told, []);
  await pass(slow.clock, 1);
  assert.equal(slow.told.at(-1), "vanished for 2000");
});

test("a device that has the request may take its time", async () => {
  const { clock, watch, told, answerAfter } = setUp();
  await answerAfter(1);
  watch.sent(true, clock.now());
  await pass(clock, 5000);
  assert.deepEqual(told, ["asked at 600", "slow"]);
  assert.equal(clock.pending, 0);
  watch.heard(clock.now());
  watch.heard(clock.now());
  assert.deepEqual(told, ["asked at 600", "slow", "slow no more"]);
});

test("a busy link costs a timer now and then, and no question", async () => {
  const { clock, watch, told } = setUp();
  for (let n = 0; n < 100; n += 1) {
    watch.sent(true, clock.now());
    await pass(clock, 50);
    watch.heard(clock.now());
  }
  assert.deepEqual([told, clock.pending <= 1], [[], true]);
  watch.cancel();
  assert.equal(clock.pending, 0);
});
