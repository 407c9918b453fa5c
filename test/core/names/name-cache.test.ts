import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostAddress } from "#src/core/names/host-address.js";
import { NameCache } from "#src/core/names/name-cache.js";

const V4: HostAddress = { address: "10.0.0.1", family: 4 };
const V6: HostAddress = { address: "fd00::1", family: 6 };
const HOUR_MS = 3_600_000;

const answer = (address: HostAddress, ttlMs: number) => ({ addresses: [address], ttlMs });

test("an answer is fresh for its TTL, at least 1 s and at most an hour", () => {
  const cache = new NameCache();
  const freshUntil = (ttlMs: number) => {
    cache.found("hub", 4, answer(V4, ttlMs), 1000);
    return cache.get("hub")?.freshUntil;
  };
  assert.deepEqual([0, 5000, 10 * HOUR_MS].map(freshUntil), [2000, 6000, 1000 + HOUR_MS]);
});

test("IPv6 comes first; the shorter TTL counts; an answer replaces that of its own family", () => {
  const cache = new NameCache();
  cache.found("hub", 4, answer(V4, 60_000), 0);
  cache.found("hub", 6, answer(V6, 5000), 0);
  assert.deepEqual(cache.get("hub"), { addresses: [V6, V4], foundAt: 0, freshUntil: 5000, isStale: false });
  cache.found("hub", 6, answer({ ...V6, address: "fd00::2" }, 90_000), 100);
  assert.deepEqual(
    cache.get("hub")?.addresses.map(({ address }) => address),
    ["fd00::2", "10.0.0.1"],
  );
  cache.forget("hub", 6);
  cache.forget("hub", 4);
  assert.equal(cache.get("hub"), undefined);
});

test("what the servers and the system say replaces each other", () => {
  const cache = new NameCache();
  cache.found("hub", 4, answer(V4, 0), 0);
  cache.found("hub", "system", answer(V6, 0), 0);
  assert.deepEqual(cache.get("hub")?.addresses, [V6]);
  cache.found("hub", 4, answer(V4, 0), 0);
  assert.deepEqual(cache.get("hub")?.addresses, [V4]);
});

test("what was not said again is dropped when its time is over", () => {
  const cache = new NameCache();
  cache.found("hub", 6, answer(V6, 2000), 0);
  cache.found("hub", 4, answer(V4, 60_000), 1999);
  cache.forgetExpired("hub", 1, 1999);
  assert.equal(cache.get("hub")?.addresses.length, 2);
  cache.forgetExpired("hub", 0, 2000); // that lookup has found it
  assert.ok(cache.get("hub"));
  cache.forgetExpired("hub", 1, 2000);
  assert.deepEqual(cache.get("hub")?.addresses, [V4]);
});

test("stale is told once, and fresh again once", () => {
  const cache = new NameCache();
  assert.equal(cache.markStale("hub"), false, "nothing is known");
  cache.found("hub", 4, answer(V4, 0), 0);
  assert.deepEqual([cache.markStale("hub"), cache.markStale("hub")], [true, false]);
  assert.equal(cache.get("hub")?.isStale, true);
  assert.equal(cache.found("hub", 4, answer(V4, 0), 9), true);
  assert.equal(cache.found("hub", 4, answer(V4, 0), 9), false);
});

test("a family without an answer is remembered until it has one", () => {
  const cache = new NameCache();
  cache.hadNoAnswer("hub", 6);
  assert.deepEqual([...cache.quiet("hub")], [], "nothing is known");
  cache.found("hub", 4, answer(V4, 0), 0);
  cache.hadNoAnswer("hub", 6);
  assert.deepEqual([...cache.quiet("hub")], [6]);
  cache.found("hub", 6, answer(V6, 0), 0);
  assert.deepEqual([...cache.quiet("hub")], []);
});

test("a thousand names at most: the one that was used longest ago goes", () => {
  const cache = new NameCache();
  for (let index = 0; index < 1000; index += 1) cache.found(`hub${index}`, 4, answer(V4, 0), 0);
  cache.get("hub0");
  cache.found("one more", 4, answer(V4, 0), 0);
  assert.equal(cache.size, 1000);
  assert.notEqual(cache.get("hub0"), undefined);
  assert.equal(cache.get("hub1"), undefined);
});
