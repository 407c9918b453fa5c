import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Reply } from "#src/reply.js";
import { RoundRobin } from "#src/round-robin.js";
import { ManualClock } from "./support/clock.js";

const PIECE = "x".repeat(10_000);

/** Pieces that take this long to make. */
function* slow(clock: ManualClock, pieces: number, ms: number): Generator<string> {
  for (let count = 0; count < pieces; count += 1) {
    clock.advance(ms);
    yield PIECE;
  }
}

/** A reader that takes everything at once. */
function reader(name: string, log: string[]) {
  return {
    unsent: 0,
    write: (text: string) => void log.push(`${name} ${text.length}`),
    over: () => void log.push(`${name} over`),
    fault: (error: unknown) => void log.push(`${name} ${error}`),
  };
}

test("all replies together have a turn of some milliseconds, each a block of it, then everybody else has one", async () => {
  const clock = new ManualClock();
  const turns = new RoundRobin(clock);
  const log: string[] = [];
  for (const name of ["a", "b", "c"]) new Reply(slow(clock, 4, 0.9), reader(name, log), turns);
  const perTurn: string[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    await nextTurn();
    perTurn.push(log.splice(0).join(", "));
  }
  assert.deepEqual(perTurn, [
    "a 20000, b 20000",
    "c 20000, a 20000",
    "b 20000, c 20000",
    "a over, b over, c over",
    "",
    "",
  ]);
});

test("a reply that is cancelled makes nothing more; a fault is told to its reader, and the others go on", async () => {
  const turns = new RoundRobin(new ManualClock());
  const log: string[] = [];
  const cancelled = new Reply(Array(100).fill(PIECE), reader("a", log), turns);
  function* broken(): Generator<string> {
    yield PIECE;
    throw new Error("broken");
  }
  new Reply(broken(), reader("b", log), turns);
  new Reply(["y"], reader("c", log), turns);
  cancelled.cancel();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.deepEqual(log, ["b Error: broken", "c 1", "c over"]);
});
