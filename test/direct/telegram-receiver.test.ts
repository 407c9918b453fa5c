import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerCache } from "#src/core/collections/answer-cache.js";
import { ReadCache } from "#src/core/direct/read-cache.js";
import { TelegramReceiver } from "#src/direct/telegram-receiver.js";
import { ManualClock } from "../support/clock.js";
import { keepBusy } from "../support/cpu.js";
import { EVENT, read, reply } from "../support/telegram-line.js";
import { until } from "../support/wait.js";

function setUp(onDelivery: () => void = () => {}) {
  const clock = new ManualClock();
  const cache = new ReadCache(new AnswerCache(500));
  const told: string[] = [];
  const receiver = new TelegramReceiver(cache, {
    clock,
    deliver: (bytes) => {
      told.push(bytes.toString("latin1"));
      onDelivery();
    },
    regulate() {},
    fault: (error) => told.push(`fault ${(error as Error).message}`),
  });
  return { clock, cache, told, receiver };
}

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

test("the cache sees a reply before the client gets it", () => {
  const test = setUp(() => {
    assert.equal(String(test.cache.answer(bytes(read(12)), test.clock.now())), reply(12, 7));
  });
  test.cache.sent({ kind: "frame", bytes: bytes(read(12)) });
  test.receiver.receive(bytes(reply(12, 7)));
  assert.deepEqual(test.told, [reply(12, 7)]);
});

test("all telegrams of a chunk go to the client at once; an incomplete one waits, and is a sign of life", () => {
  const { told, receiver } = setUp();
  receiver.receive(bytes(`${EVENT}${EVENT}${EVENT.slice(0, 5)}`));
  receiver.receive(bytes(EVENT.slice(5, 8)));
  receiver.receive(bytes(EVENT.slice(8)));
  assert.deepEqual(told, [EVENT + EVENT, "", EVENT]);
});

test("at the end of the stream an incomplete telegram goes to the client as it is", () => {
  const { told, receiver } = setUp();
  receiver.receive(bytes(EVENT.slice(0, 5)));
  receiver.end();
  receiver.end();
  assert.deepEqual(told, ["", EVENT.slice(0, 5)]);
});

test("many telegrams take several passes of the event loop; the server must not be read meanwhile", async () => {
  const { cache, told, receiver } = setUp();
  const { received } = cache;
  cache.received = (...args) => {
    received.apply(cache, args);
    keepBusy(0.2);
  };
  receiver.receive(bytes(EVENT.repeat(100)));
  assert.equal(receiver.isYielding, true);
  assert.ok(told.join("").length < 100 * EVENT.length);
  await until(() => told.join("") === EVENT.repeat(100), "all telegrams");
  await until(() => !receiver.isYielding, "the end of the work");
});

test("a fault in a later pass reaches the owner", async () => {
  const { cache, told, receiver } = setUp();
  let count = 0;
  cache.received = () => {
    keepBusy(0.2);
    count += 1;
    if (count === 99) throw new Error("broken");
  };
  receiver.receive(bytes(EVENT.repeat(100)));
  await until(() => told.includes("fault broken"), "the fault");
});
