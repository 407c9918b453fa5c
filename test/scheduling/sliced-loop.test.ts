import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { SlicedLoop } from "#src/scheduling/sliced-loop.js";
import { keepBusy } from "../support/cpu.js";
import { until } from "../support/wait.js";

/** A step that is as long as a slice. */
const LONG_MS = 3;

/** A loop of so many steps; each of them keeps the program busy. */
function scene(steps: number, workMs: number) {
  const log: string[] = [];
  const loop: SlicedLoop = new SlicedLoop(
    () => {
      keepBusy(workMs);
      log.push("step");
      steps -= 1;
      return steps > 0;
    },
    () => log.push("interrupted"),
  );
  return { loop, log };
}

test("a loop of long steps lets other work run in between, and reports it", async () => {
  const { loop, log } = scene(3, LONG_MS);
  loop.run();
  assert.deepEqual(log, ["step", "interrupted"]);
  for (let pass = 0; pass < 4; pass += 1) {
    log.push("other");
    await nextPass();
  }
  assert.deepEqual(
    log.filter((entry, index) => entry !== "other" || log[index - 1] !== "other"),
    ["step", "interrupted", "other", "step", "interrupted", "other", "step", "other"],
  );
});

test("a loop that waits for its next slice is not run from outside", async () => {
  const { loop, log } = scene(2, LONG_MS);
  loop.run();
  loop.run();
  assert.deepEqual(log, ["step", "interrupted"]);
  await until(() => log.length === 3, "the last step");
});

test("a loop that is run from within a step does not nest", () => {
  let [depth, deepest, left] = [0, 0, 3];
  const loop: SlicedLoop = new SlicedLoop(() => {
    depth += 1;
    deepest = Math.max(deepest, depth);
    loop.run();
    depth -= 1;
    left -= 1;
    return left > 0;
  });
  loop.run();
  assert.equal(deepest, 1);
});

test("a fault in a step reaches the caller, and the other steps follow", async () => {
  const log: number[] = [];
  const loop = new SlicedLoop(() => {
    const step = log.push(log.length);
    if (step === 1) throw new Error("a fault");
    return step < 3;
  });
  assert.throws(() => loop.run(), /a fault/);
  await until(() => log.length === 3, "the other steps");
});
