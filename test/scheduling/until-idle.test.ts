import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextPass } from "node:timers/promises";
import { untilIdle } from "#src/scheduling/until-idle.js";
import { ManualClock } from "../support/clock.js";

/** A wait for these writers, and whether it is over. */
function scene(...writers: { idle: boolean }[]) {
  const clock = new ManualClock();
  let over = false;
  void untilIdle(writers, clock).then(() => {
    over = true;
  });
  const pass = async (ms: number): Promise<boolean> => {
    for (let left = ms; left > 0; left -= 5) {
      clock.advance(5);
      await nextPass();
    }
    await nextPass();
    return over;
  };
  return { clock, pass };
}

test("it is over as soon as all writers are idle", async () => {
  const [one, other] = [{ idle: true }, { idle: false }];
  const { clock, pass } = scene(one, other);
  assert.equal(await pass(100), false);
  other.idle = true;
  assert.equal(await pass(5), true);
  assert.equal(clock.pending, 0);
  assert.equal(await scene(one).pass(0), true);
});

test("a writer that never finishes is waited for half a second", async () => {
  const { pass } = scene({ idle: false });
  assert.equal(await pass(495), false);
  assert.equal(await pass(5), true);
});
