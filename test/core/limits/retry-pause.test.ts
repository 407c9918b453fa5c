import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryPause } from "#src/core/limits/retry-pause.js";

test("pauses grow until a connection was good, or has done what it was there for", () => {
  const pause = new RetryPause();
  const pauses = [0, 0, 9999, 0, 0, 0, 10_000, 0].map((lastedMs) => pause.behind(lastedMs, 0));
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 1000, 2000]);
  pause.reset();
  assert.equal(pause.behind(0, 0), 1000);
});
