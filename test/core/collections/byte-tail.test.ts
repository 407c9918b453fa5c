import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteTail } from "#src/core/collections/byte-tail.js";

test("bytes are copied, and come out joined", () => {
  const tail = new ByteTail();
  const lent = Buffer.from("one ");
  tail.append(lent);
  lent.fill("#");
  tail.append(Buffer.from("two"));
  assert.deepEqual([String(tail.bytes), tail.length], ["one two", 7]);
  assert.equal(String(tail.take()), "one two");
  assert.equal(tail.length, 0);
});

test("taken bytes do not change any more", () => {
  const tail = new ByteTail();
  tail.append(Buffer.from("one"));
  const taken = tail.take();
  tail.append(Buffer.from("two"));
  assert.deepEqual([String(taken), String(tail.bytes)], ["one", "two"]);
});

test("an empty tail passes bytes on without a copy", () => {
  const tail = new ByteTail();
  const bytes = Buffer.from("x");
  assert.equal(tail.takeWith(bytes), bytes);
  tail.append(Buffer.from("a"));
  assert.equal(String(tail.takeWith(bytes)), "ax");
  assert.equal(tail.length, 0);
});

test("a message that comes byte by byte is not copied once per byte", () => {
  const tail = new ByteTail();
  const memories = new Set<ArrayBufferLike>();
  for (let count = 0; count < 100_000; count += 1) {
    tail.append(Buffer.from("x"));
    memories.add(tail.bytes.buffer);
  }
  assert.equal(tail.length, 100_000);
  assert.ok(memories.size < 20, `${memories.size} copies`);
});
