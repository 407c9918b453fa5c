import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerCache } from "#src/core/collections/answer-cache.js";

const answer = Buffer.from("answer");

test("a cached answer is returned while it is fresh", () => {
  const cache = new AnswerCache(100);
  cache.store("key", answer, cache.generation, 1000);
  assert.deepEqual(cache.find("key", 1099), answer);
  assert.equal(cache.find("key", 1100), undefined);
  assert.equal(cache.find("other", 1000), undefined);
});

test("a cached answer does not change with the memory it came in", () => {
  const cache = new AnswerCache(100);
  const bytes = Buffer.from("answer");
  cache.store("key", bytes, cache.generation, 0);
  bytes.fill("x");
  assert.deepEqual(cache.find("key", 1), answer);
});

test("a write voids everything, even answers to earlier reads that come later", () => {
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

test("with a time of 0 nothing is cached", () => {
  const cache = new AnswerCache(0);
  cache.store("key", answer, cache.generation, 0);
  assert.equal(cache.find("key", 0), undefined);
});

test("at most a thousand answers are cached; the oldest goes first", () => {
  const cache = new AnswerCache(100);
  for (let n = 0; n <= 1000; n += 1) cache.store(`key ${n}`, answer, cache.generation, 0);
  assert.equal(cache.find("key 0", 1), undefined);
  assert.deepEqual(cache.find("key 1", 1), answer);
  assert.deepEqual(cache.find("key 1000", 1), answer);
});
