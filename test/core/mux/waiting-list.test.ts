import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitingList } from "#src/core/mux/waiting-list.js";

test("each waiter is taken once, for the last key it has named, until it is dropped", () => {
  const wishes = new WaitingList<string>();
  wishes.set("a", "one");
  wishes.set("b", "one");
  wishes.set("c", "two");
  wishes.set("d", "one");
  wishes.set("a", "two");
  wishes.remove("d");
  wishes.remove("d");
  assert.deepEqual([...wishes.take("one")], ["b"]);
  assert.deepEqual([...wishes.take("one")], []);
  assert.deepEqual([...wishes.take("two")], ["c", "a"]);
  wishes.set("b", "two");
  assert.deepEqual([...wishes.take("two")], ["b"]);
});
