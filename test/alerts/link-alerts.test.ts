import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkAlerts } from "#src/alerts/link-alerts.js";
import { ManualClock } from "../support/clock.js";

const BARN = { device: "barn", server: "10.0.0.9:4000" };
const AGAIN = { device: "barn", server: "10.0.0.9:4001" };

function fixture() {
  const clock = new ManualClock();
  const told: string[] = [];
  const link = new LinkAlerts(clock, {
    down: ({ server }, reason) => told.push(`${server} down: ${reason}`),
    back: ({ server }, downMs) => told.push(`${server} back after ${downMs}`),
  });
  return { clock, told, link };
}

test("a link that is away for 2 s is down, and then back", () => {
  const { clock, told, link } = fixture();
  link.found(BARN);
  link.lost(BARN, "by remote");
  clock.advance(1999);
  assert.deepEqual(told, []);
  clock.advance(1);
  clock.advance(10_000);
  link.found(AGAIN);
  assert.deepEqual(told, ["10.0.0.9:4000 down: by remote", "10.0.0.9:4001 back after 12000"]);
});

test("a link that comes back at once, or that nobody expects any more, makes no alert", () => {
  const { clock, told, link } = fixture();
  for (let round = 0; round < 100; round += 1) {
    link.lost(BARN, "by remote");
    clock.advance(500);
    link.found(AGAIN);
    clock.advance(5000);
  }
  link.lost(BARN, "the daemon stops");
  link.forget();
  clock.advance(60_000);
  assert.deepEqual([told, clock.pending], [[], 0]);
});

test("one that flaps makes alerts more and more rarely; each back has its down", () => {
  const { clock, told, link } = fixture();
  for (let round = 0; round < 30; round += 1) {
    link.lost(BARN, "by remote");
    clock.advance(10_000);
    link.found(AGAIN);
    clock.advance(10_000);
  }
  assert.equal(told.length, 6, told.join());
  assert.ok(told.every((text, index) => text.includes(index % 2 === 0 ? "down" : "back")));
});
