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

test("of more kinds than the most in a minute none is mentioned; their number stands in the next line", () => {
  const throttle = new LogThrottle(3);
  for (const [at, kind] of ["a", "b", "c"].entries()) assert.equal(throttle.mention(kind, at), "");
  assert.equal(throttle.mention("a", 3), undefined);
  for (let n = 0; n < 5000; n += 1) assert.equal(throttle.mention(`forged ${n}`, 59_999), undefined);
  assert.equal(throttle.mention("d", 60_000), "; 5000 others left out"); // in the place of a
  assert.equal(throttle.mention("e", 60_000), undefined);
  assert.equal(throttle.mention("b", 60_001), "; 1 others left out");
});

test("a thousand kinds a minute are mentioned, where nothing else is said", () => {
  const throttle = new LogThrottle();
  for (let n = 0; n < 1000; n += 1) assert.equal(throttle.mention(`kind ${n}`, n), "");
  assert.equal(throttle.mention("one more", 1000), undefined);
});
