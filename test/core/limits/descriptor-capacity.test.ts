import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connectionsWithin, descriptorsForConnections, openFilesLimit } from "#src/core/limits/descriptor-capacity.js";

test("the soft limit is read from /proc/self/limits", () => {
  const text =
    "Limit   Soft Limit   Hard Limit   Units\nMax processes  5 6 processes\nMax open files            1024    4096    files\n";
  assert.equal(openFilesLimit(text), 1024);
  assert.equal(
    openFilesLimit("Max open files            unlimited            unlimited            files\n"),
    undefined,
  );
  assert.equal(openFilesLimit(""), undefined);
});

test("as many connections are taken as the descriptors hold", () => {
  assert.equal(connectionsWithin(20_000), 9936);
  assert.equal(connectionsWithin(256), 64);
  assert.equal(connectionsWithin(64), 16);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (connections) => {
      assert.ok(connectionsWithin(descriptorsForConnections(connections)) >= connections);
    }),
  );
});
