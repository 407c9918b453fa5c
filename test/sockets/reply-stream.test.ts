import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ReplyStream } from "#src/sockets/reply-stream.js";
import { until } from "../support/wait.js";

const PIECE = "x".repeat(10_000);

/** A reader that reads everything at once. */
function reader(name: string, log: string[]) {
  return {
    unsent: 0,
    write: (text: string) => void log.push(`${name} ${text.length}`),
    finished: () => void log.push(`${name} over`),
    fault: (error: unknown) => void log.push(`${name} ${error}`),
  };
}

test("replies take turns, one block each", async () => {
  const log: string[] = [];
  for (const name of ["a", "b", "c"]) new ReplyStream(Array(4).fill(PIECE), reader(name, log));
  await until(() => log.includes("c over"), "the end");
  const blocks = (name: string): string[] => log.filter((entry) => entry.startsWith(name));
  for (const name of ["a", "b", "c"])
    assert.deepEqual(blocks(name), [`${name} 20000`, `${name} 20000`, `${name} over`]);
  assert.deepEqual(
    log.slice(0, 3).map(([name]) => name),
    ["a", "b", "c"],
  );
});

test("a cancelled reply makes no more pieces; a fault reaches its own reader, and the other replies go on", async () => {
  const log: string[] = [];
  const cancelled = new ReplyStream(Array(100).fill(PIECE), reader("a", log));
  function* broken(): Generator<string> {
    yield PIECE;
    throw new Error("broken");
  }
  new ReplyStream(broken(), reader("b", log));
  new ReplyStream(["y"], reader("c", log));
  cancelled.cancel();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.deepEqual(log, ["b Error: broken", "c 1", "c over"]);
});

test("pieces without a character are work, too: others take turns with them", async () => {
  const log: string[] = [];
  function* slow(): Generator<string> {
    for (let count = 0; count < 1000; count += 1) {
      if (count % 100 === 0) log.push(`a ${count}`);
      yield "";
    }
  }
  new ReplyStream(slow(), reader("a", log));
  new ReplyStream(["y"], reader("b", log));
  await until(() => log.includes("a over"), "the end");
  assert.deepEqual(log.slice(0, 4), ["a 0", "b 1", "b over", "a 100"]);
});
