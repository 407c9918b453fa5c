import assert from "node:assert/strict";
import { test } from "node:test";
import { LogThrottle } from "#src/core/limits/log-throttle.js";

test("a kind is mentioned once a minute, with how often it was not", () => {
  const seldom = new LogThrottle();
  assert.equal(seldom.mention("a", 0), "");
  assert.equal(seldom.mention("a", 1), undefined);
  assert.equal(seldom.mention("a", 59_999), undefined);
  assert.equal(seldom.mention("b", 59_999), "");
  assert.equal(seldom.mention("a", 60_000), "; 2 times more in the minutes before");
  assert.equal(seldom.mention("a", 60_001), undefined);
  assert.equal(seldom.mention("b", 120_000), "");
});

test("a thousand kinds are remembered, the one mentioned longest ago is forgotten first", () => {
  const seldom = new LogThrottle();
  for (let n = 0; n <= 1000; n += 1) seldom.mention(`kind ${n}`, n);
  assert.equal(seldom.mention("kind 1", 1001), undefined);
  assert.equal(seldom.mention("kind 0", 1002), "");
});
