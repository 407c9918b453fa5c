import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_READERS, ReaderPlaces } from "#src/core/web/reader-places.js";
import { from } from "../../support/origin.js";

/** Takes places for an address until there is none. @returns what gives each back, and why there is no further one */
function takeAll(places: ReaderPlaces, address: string) {
  const taken: (() => void)[] = [];
  for (;;) {
    const place = places.take(from(address));
    if (!place.ok) return { taken, why: place.message };
    taken.push(place.value);
  }
}

test("one other machine cannot take all places, nor can all of them: some are for this machine", () => {
  const places = new ReaderPlaces();
  const first = takeAll(places, "192.0.2.1");
  const second = takeAll(places, "192.0.2.2");
  assert.match(first.why, /^192\.0\.2\.1 has 32 connections/);
  assert.match(second.why, /^other machines have 56 connections/);
  assert.equal(takeAll(places, "192.0.2.3").taken.length, 0);
  const others = first.taken.length + second.taken.length;
  assert.deepEqual([first.taken.length, others], [32, 56]);
  for (let count = others; count < MAX_READERS; count += 1) assert.ok(places.take(from("127.0.0.1")).ok);
});

test("a place that is given back is free for others", () => {
  const places = new ReaderPlaces();
  const { taken } = takeAll(places, "192.0.2.1");
  for (const giveBack of taken) giveBack();
  assert.equal(takeAll(places, "192.0.2.1").taken.length, 32);
});
