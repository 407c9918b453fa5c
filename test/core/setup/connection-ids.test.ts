import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConnectionIds } from "#src/core/setup/connection-ids.js";

test("an identifier is the time in milliseconds, in lower-case hex", () => {
  assert.equal(new ConnectionIds().next(0x1716058a203), "1716058a203");
});

test("identifiers strictly increase, whatever the wall clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 42 })), (times) => {
      const source = new ConnectionIds();
      const pids = times.map((time) => Number.parseInt(source.next(time), 16));
      for (const [index, pid] of pids.entries()) assert.ok(index === 0 || pid > (pids[index - 1] ?? 0));
    }),
  );
});
