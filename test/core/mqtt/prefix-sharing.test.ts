import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PrefixSharers, type Presence, presenceOf } from "#src/core/mqtt/prefix-sharing.js";

const OWN = { id: "0000000a", host: "here", pid: 100, parent: 1 };
const OTHER = { id: "0000000b", host: "attic", pid: 200, parent: 1 };

function sharers(now = 0) {
  const all = new PrefixSharers(OWN);
  const hear = (other: Partial<typeof OTHER>, says: Presence, at = now) =>
    all.heard(presenceOf({ ...OTHER, ...other }, says), at);
  return { all, hear };
}

test("another daemon is there from its first word to its last one, or until it has been silent for long", () => {
  const { all, hear } = sharers();
  assert.deepEqual([hear(OWN, "hello"), hear({}, "bye"), all.at(0)], ["own", "unknown", []]);
  assert.deepEqual([hear({}, "here"), hear({}, "hello"), hear({}, "here")], ["new", "asks", "known"]);
  assert.deepEqual(all.at(150_000), [{ id: OTHER.id, host: "attic", since: 0, heardAt: 0 }]);
  assert.equal(hear({}, "bye"), "left");
  assert.equal(hear({}, "hello"), "new");
  assert.deepEqual(all.at(150_001), []);
});

test("the old process and the new one of an upgrade are one daemon; on two machines they are two", () => {
  const { hear } = sharers();
  assert.equal(hear({ host: "here", parent: 100 }, "hello"), "unknown", "the process that this one has started");
  assert.equal(hear({ host: "here", pid: 1, parent: 7 }, "here"), "unknown", "the process that has started this one");
  assert.equal(hear({ parent: 100 }, "hello"), "new");
});

test("whatever somebody says is no fault, and there are never too many", () => {
  assert.equal(sharers().hear({ host: "x".repeat(2000) }, "hello"), "unknown", "parsing takes time");
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.json(), fc.nat(99)), { maxLength: 60 }), (words) => {
      const { all, hear } = sharers();
      for (const word of words) {
        if (typeof word === "string") assert.equal(all.heard(word, 0), "unknown");
        else hear({ id: word.toString(16).padStart(8, "0"), host: "\u001b[31m\n" }, "hello");
      }
      assert.ok(all.at(0).length <= 16 && all.at(0).every(({ host }) => host === "??31m?"));
    }),
    { numRuns: 20 },
  );
});
