import assert from "node:assert/strict";
import { test } from "node:test";
import { LogThrottle } from "#src/core/limits/log-throttle.js";

test("each kind is mentioned once a minute, with the number of events left out", () => {
  const throttle = new LogThrottle();
  assert.equal(throttle.mention("a", 0), "");
  assert.equal(throttle.mention("a", 1), undefined);
  assert.equal(throttle.mention("a", 59_999), undefined);
  assert.equal(throttle.mention("b", 59_999), "");
  assert.equal(throttle.mention("a", 60_000), "; 2 more since the last such line");
  assert.equal(throttle.mention("a", 60_001), undefined);
  assert.equal(throttle.mention("b", 120_000), "");
});

test("a thousand kinds are remembered; the one mentioned longest ago is forgotten first", () => {
  const throttle = new LogThrottle();
  for (let n = 0; n <= 1000; n += 1) throttle.mention(`kind ${n}`, n);
  assert.equal(throttle.mention("kind 1", 1001), undefined);
  assert.equal(throttle.mention("kind 0", 1002), "");
});
