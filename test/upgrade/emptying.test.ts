import assert from "node:assert/strict";
import { test } from "node:test";
import { Emptying, END_MS } from "#src/upgrade/emptying.js";
import { ManualClock } from "../support/clock.js";

/** An old process, and what became of it. */
function emptied(round: (index: number) => Promise<boolean>) {
  const clock = new ManualClock();
  const startedAt = clock.now();
  const seen = { rounds: 0, ends: [] as number[], failures: [] as string[] };
  new Emptying(clock, {
    round: () => round(seen.rounds++),
    end: () => seen.ends.push(clock.now() - startedAt),
    failed: (error) => seen.failures.push((error as Error).message),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) {
      clock.advance(50);
      await new Promise(setImmediate);
    }
  };
  return { seen, pass };
}

test("a process ends as soon as nothing is left in it, once", async () => {
  const { seen, pass } = emptied(async (index) => index === 3);
  await pass(END_MS + 1000);
  assert.deepEqual(seen, { rounds: 4, ends: [1000], failures: [] });
});

test("a process ends after 60 s with what is left", async () => {
  const { seen, pass } = emptied(async () => false);
  await pass(END_MS + 1000);
  assert.deepEqual([seen.ends, seen.failures], [[60_000], []]);
});

test("a process ends after 60 s where a round waits for what never comes", async () => {
  const { seen, pass } = emptied(() => new Promise(() => {}));
  await pass(END_MS + 1000);
  assert.deepEqual(seen, { rounds: 1, ends: [60_000], failures: [] });
});

test("a fault is told once, and nothing follows", async () => {
  const { seen, pass } = emptied(async () => {
    throw new Error("a fault");
  });
  await pass(END_MS + 1000);
  assert.deepEqual(seen, { rounds: 1, ends: [], failures: ["a fault"] });
});
