import assert from "node:assert/strict";
import { test } from "node:test";
import { echoFraming } from "#src/core/framing/echo-framing.js";
import type { Cut } from "#src/core/framing/framing.js";
import { AnswerReader, type AnswerReaderOwner } from "#src/mux/answer-reader.js";
import { keepBusy } from "../support/cpu.js";
import { TestConnection } from "../support/mux-parts.js";
import { until } from "../support/wait.js";

function setUp() {
  const connection = new TestConnection();
  const told: string[] = [];
  const owner: AnswerReaderOwner & { cut(cut: Cut, atEof: boolean): void } = {
    cut: ({ kind, bytes }, atEof) => void told.push(`${kind} ${String(bytes).trim()}${atEof ? " at EOF" : ""}`),
    caughtUp: (heldBytes) => void told.push(`caught up, ${heldBytes} held`),
    ready: () => {
      assert.equal(reader.isReading, false, "a request may go out now");
      told.push("ready");
    },
    fault: (error) => void told.push(`fault ${(error as Error).message}`),
  };
  const reader = new AnswerReader(connection, echoFraming.answers(), owner);
  return { connection, reader, owner, told };
}

test("messages are handed over in order, then the reader is ready", () => {
  const { reader, told } = setUp();
  reader.push(Buffer.from("one\ntwo\nth"));
  assert.deepEqual(told.splice(0), ["frame one", "frame two", "caught up, 2 held", "ready"]);
  reader.push(Buffer.from("ree\n"));
  assert.deepEqual(told, ["frame three", "caught up, 0 held", "ready"]);
});

test("many messages take several passes of the event loop; the connection is not read, and no request goes out meanwhile", async () => {
  const { connection, reader, owner, told } = setUp();
  const { cut } = owner;
  owner.cut = (...args) => {
    cut(...args);
    keepBusy(1);
  };
  reader.push(Buffer.from("x\n".repeat(20)));
  assert.ok(told.length < 20, `${told.length} messages in one pass`);
  assert.deepEqual([connection.isPaused, reader.isReading], [true, true]);
  await until(() => told.includes("ready"), "all messages");
  assert.deepEqual(told.splice(20), ["caught up, 0 held", "ready"]);
  assert.deepEqual(told, Array(20).fill("frame x"));
  assert.deepEqual([connection.isPaused, reader.isReading], [false, false]);
});

test("FIN hands over everything at once, an incomplete message as junk, and no request goes out any more", () => {
  const { reader, owner, told } = setUp();
  const { cut } = owner;
  owner.cut = (...args) => {
    cut(...args);
    keepBusy(1);
  };
  reader.push(Buffer.from(`${"x\n".repeat(10)}end`));
  reader.end();
  const messages = told.filter((text) => text !== "ready");
  assert.equal(messages.length, 12);
  assert.deepEqual(messages.slice(-2), ["junk end at EOF", "caught up, 0 held"]);
  assert.equal(told.includes("ready"), false);
});

test("a paused reader still hands over what has come, but the connection is not read", () => {
  const { connection, reader, told } = setUp();
  reader.pause();
  assert.deepEqual([connection.isPaused, reader.isPaused], [true, true]);
  reader.push(Buffer.from("one\n"));
  assert.deepEqual(told, ["frame one", "caught up, 0 held", "ready"]);
  assert.equal(connection.isPaused, true);
  reader.resume();
  assert.deepEqual([connection.isPaused, reader.isPaused], [false, false]);
});

test("a reader that is stopped by a message hands over nothing more", () => {
  const { reader, owner, told } = setUp();
  const { cut } = owner;
  owner.cut = (...args) => {
    cut(...args);
    reader.stop();
  };
  reader.push(Buffer.from("one\ntwo\n"));
  assert.deepEqual(told, ["frame one"]);
});

test("a restart makes junk of an incomplete message", () => {
  const { reader, told } = setUp();
  reader.push(Buffer.from("ha"));
  reader.restart(echoFraming.answers());
  reader.push(Buffer.from("lf\n"));
  assert.deepEqual(told, ["caught up, 2 held", "ready", "junk ", "frame lf", "caught up, 0 held", "ready"]);
});

test("a fault in a later pass reaches the owner", async () => {
  const { reader, owner, told } = setUp();
  let count = 0;
  owner.cut = () => {
    keepBusy(1);
    count += 1;
    if (count === 19) throw new Error("broken");
  };
  reader.push(Buffer.from("x\n".repeat(20)));
  assert.ok(count < 19, `${count} messages in the first pass`);
  await until(() => told.length > 0, "the fault");
  assert.deepEqual(told, ["fault broken"]);
});
