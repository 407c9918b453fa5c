import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerCache } from "#src/core/collections/answer-cache.js";

const answer = Buffer.from("answer");

test("an answer is given again for its time, and no longer", () => {
  const cache = new AnswerCache(100);
  cache.store("key", answer, cache.generation, 1000);
  assert.deepEqual(cache.find("key", 1099), answer);
  assert.equal(cache.find("key", 1100), undefined);
  assert.equal(cache.find("other", 1000), undefined);
});

test("what is kept does not change with the memory it came in", () => {
  const cache = new AnswerCache(100);
  const bytes = Buffer.from("answer");
  cache.store("key", bytes, cache.generation, 0);
  bytes.fill("x");
  assert.deepEqual(cache.find("key", 1), answer);
});

test("a write makes everything void, also what was asked for before it and comes after it", () => {
  const cache = new AnswerCache(100);
  cache.store("key", answer, cache.generation, 0);
  const before = cache.generation;
  cache.invalidate();
  assert.equal(cache.find("key", 1), undefined);
  cache.store("key", answer, before, 2);
  assert.equal(cache.find("key", 3), undefined);
  cache.store("key", answer, cache.generation, 4);
  assert.deepEqual(cache.find("key", 5), answer);
});

test("with no time nothing is kept", () => {
  const cache = new AnswerCache(0);
  cache.store("key", answer, cache.generation, 0);
  assert.equal(cache.find("key", 0), undefined);
});

test("a thousand answers are kept at most; the oldest goes first", () => {
  const cache = new AnswerCache(100);
  for (let n = 0; n <= 1000; n += 1) cache.store(`key ${n}`, answer, cache.generation, 0);
  assert.equal(cache.find("key 0", 1), undefined);
  assert.deepEqual(cache.find("key 1", 1), answer);
  assert.deepEqual(cache.find("key 1000", 1), answer);
});
