import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { didYouMean, editDistance, nearMiss } from "#src/core/parse/near-miss.js";

const WORDS = ["protocol", "timeout", "cache", "queue", "pace", "listen", "target", "port", "TIME"];

const typed: [string, string | undefined][] = [
  ["cach", "cache"],
  ["cahce", "cache"],
  ["CACHE", "cache"],
  ["prot", "port"],
  ["timout", "timeout"],
  ["protocal", "protocol"],
  ["traget", "target"],
  ["lisen", "listen"],
  ["que", "queue"],
  ["tiem", "TIME"],
  ["face", "pace"],
  ["foo", undefined],
  ["q", undefined],
  ["", undefined],
  ["nothing-like-it", undefined],
];
for (const [word, meant] of typed) {
  test(`"${word}" means ${meant ?? "nothing that is known"}`, () => assert.equal(nearMiss(word, WORDS), meant));
}

test("a message says it as a question", () => {
  assert.equal(didYouMean("cahce", WORDS), "; did you mean cache?");
  assert.equal(didYouMean("xyz", WORDS), "");
});

test("the distance is 0 for the same word only, the same both ways, and 1 for one mistake", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), (one, other, at) => {
      assert.equal(editDistance(one, other), editDistance(other, one));
      assert.equal(editDistance(one, other) === 0, one === other);
      const place = at % (one.length + 1);
      assert.equal(editDistance(one, `${one.slice(0, place)}x${one.slice(place)}`), 1);
    }),
  );
});
