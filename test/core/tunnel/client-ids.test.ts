import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientIds } from "#src/core/tunnel/client-ids.js";

const all = (): Set<number> => new Set(Array.from({ length: 256 }, (_, id) => id));

test("the lowest free id is next; the highest id is never given out", () => {
  const used = new Set([0, 1, 3, 255]);
  const ids = new ClientIds(used);
  assert.deepEqual([ids.free(0), ids.unused()], [2, 254]);
  used.add(2);
  assert.equal(ids.free(0), 4);
  const none = new ClientIds(all());
  assert.deepEqual([none.free(0), none.unused()], [undefined, undefined]);
});

test("a closed id is free when its CLOSE is confirmed, after two seconds, or when no other is left", () => {
  const used = all();
  const ids = new ClientIds(used);
  for (const id of [7, 9]) {
    used.delete(id);
    ids.closed(id, 1000, false);
  }
  assert.equal(ids.free(1000), 7, "there is no other");
  ids.confirmed(9);
  assert.equal(ids.free(1000), 9);
  used.add(9);
  used.delete(200);
  assert.equal(ids.free(2999), 200);
  assert.equal(ids.free(3000), 7);
});

test("an id whose CLOSE will be confirmed waits, however long", () => {
  const used = all();
  const ids = new ClientIds(used);
  used.delete(7);
  ids.closed(7, 1000, true);
  assert.equal(ids.free(1e12), undefined);
  assert.equal(ids.unused(), 7);
  ids.confirmed(7);
  assert.equal(ids.free(1000), 7);
});
