import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkLife } from "#src/mux/link-life.js";
import { ManualClock } from "../support/clock.js";
import { muxRoute } from "../support/mux-parts.js";

function setUp(options: string) {
  const clock = new ManualClock();
  const told: string[] = [];
  const life = new LinkLife(clock, muxRoute(options).mux, (reason) => void told.push(reason));
  return { clock, told, life };
}

test("LIDL: a link that no request uses has had its time; each request gives it more", () => {
  const { clock, told, life } = setUp("PROT=modbus LIDL=10");
  for (let n = 0; n < 5; n += 1) {
    clock.advance(9999);
    life.used();
  }
  assert.deepEqual(told, []);
  clock.advance(9999);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual([told, clock.pending], [["no request for 10 s"], 0]);
});

test("MAXA: an old link has had its time, though it is used", () => {
  const { clock, told, life } = setUp("PROT=modbus MAXA=10");
  clock.advance(9999);
  life.used();
  clock.advance(1);
  assert.deepEqual(told, ["as old as MAXA allows"]);
});

test("without limits, and behind the end, nothing is timed", () => {
  assert.equal(setUp("PROT=modbus").clock.pending, 0);
  const { clock, life } = setUp("PROT=modbus LIDL=10 MAXA=20");
  life.cancel();
  assert.equal(clock.pending, 0);
});
