import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestIds } from "#src/core/mux/request-ids.js";

test("ids count up from a given one, and wrap around", () => {
  const ids = new RequestIds(new Set<number>(), 0xfffd);
  assert.deepEqual([ids.next(), ids.next(), ids.next(), ids.next()], [0xfffe, 0xffff, 0, 1]);
});

test("the ids of outstanding and of abandoned requests are skipped", () => {
  const ids = new RequestIds(new Set([1, 2]), 0);
  ids.abandon(3);
  ids.abandon(5);
  assert.deepEqual([ids.next(), ids.next()], [4, 6]);
});

test("an abandoned id is free again when its late answer has come", () => {
  const ids = new RequestIds(new Set<number>(), 0);
  ids.abandon(1);
  ids.answered(1);
  assert.equal(ids.next(), 1);
});

test("the ids of the last hundred requests are recent", () => {
  const ids = new RequestIds(new Set<number>(), 0xfff0);
  assert.equal(ids.isRecent(0xfff0), false);
  for (let count = 0; count < 150; count += 1) ids.next();
  assert.deepEqual(
    [0x86, 0x87, 0x22, 0x23].map((id) => ids.isRecent(id)),
    [true, false, false, true],
  );
});

test("of few ids, fewer are recent", () => {
  const ids = new RequestIds(new Set<number>(), 0xabcd, 0x100);
  for (let count = 0; count < 300; count += 1) ids.next();
  const last = ids.next();
  assert.deepEqual(
    [0, 15, 16].map((ago) => ids.isRecent((last - ago + 0x100) % 0x100)),
    [true, true, false],
  );
});

test("at most a hundred ids wait for late answers: the oldest one is free again", () => {
  const ids = new RequestIds(new Set<number>(), 0xffff);
  for (let id = 0; id <= 100; id += 1) ids.abandon(id);
  assert.equal(ids.next(), 0);
  assert.equal(ids.next(), 101);
});
