import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RouteGraph, reachesListener } from "#src/core/net/loop-rules.js";

const own = (address: string): boolean => ["10.77.0.1", "2001:db8::1", "fe80::1"].includes(address);

// the address of the connection, the address of the listener
const found: [string, string, boolean][] = [
  ["127.0.0.1", "*", true],
  ["127.1.2.3", "::", true],
  ["0.0.0.0", "::", true],
  ["::", "::", true],
  ["::1", "::", true],
  ["::ffff:127.0.0.1", "::", true],
  ["::ffff:7f00:1", "::", true],
  ["::FFFF:10.77.0.1", "::", true],
  ["10.77.0.1", "::", true],
  ["2001:DB8:0::1", "::", true],
  ["fe80::1%eth0", "::", true],
  ["10.77.0.2", "::", false],
  ["2001:db8::2", "::", false],
  ["10.77.0.1", "0.0.0.0", true],
  ["::ffff:10.77.0.1", "0.0.0.0", true],
  ["0.0.0.0", "0.0.0.0", true],
  ["::1", "0.0.0.0", false],
  ["2001:db8::1", "0.0.0.0", false],
  ["127.0.0.1", "127.0.0.1", true],
  ["0.0.0.0", "127.0.0.1", true],
  ["127.0.0.2", "127.0.0.1", false],
  ["10.77.0.1", "127.0.0.1", false],
  ["::1", "::1", true],
  ["::", "::1", true],
  ["127.0.0.1", "::1", false],
  ["10.77.0.1", "10.77.0.1", true],
  ["127.0.0.1", "10.77.0.1", false],
  ["fe80::1%eth0", "fe80::1%eth0", true],
];
for (const [address, bound, expected] of found) {
  test(`a connection to ${address} ${expected ? "reaches" : "does not reach"} a listener at ${bound}`, () =>
    assert.equal(reachesListener(address, bound, own), expected));
}

test("no edge closes a loop, directly or over other lines; a removed edge blocks none", () => {
  const routes = new RouteGraph();
  assert.equal(routes.add("a", "a"), false);
  assert.deepEqual([routes.add("a", "b"), routes.add("a", "b"), routes.add("b", "c")], [true, true, true]);
  assert.equal(routes.add("c", "a"), false);
  routes.remove("a", "b");
  assert.equal(routes.add("c", "a"), false, "there is another one");
  routes.remove("a", "b");
  assert.equal(routes.add("c", "a"), true);
  assert.equal(routes.add("a", "b"), false);
});

/** Whether the graph has a loop, found the slow way. */
function circular(ways: readonly (readonly [string, string])[]): boolean {
  const lines = new Set(ways.flat());
  let left = [...ways];
  for (const _ of lines) left = left.filter(([, to]) => left.some(([from]) => from === to)); // an edge that leads nowhere is in no loop
  return left.length > 0;
}

test("for any order of adding and removing, exactly the edges that would close a loop are refused", () => {
  const line = fc.constantFrom("a", "b", "c", "d", "e");
  fc.assert(
    fc.property(fc.array(fc.tuple(line, line, fc.boolean()), { maxLength: 40 }), (steps) => {
      const routes = new RouteGraph();
      const ways: (readonly [string, string])[] = [];
      for (const [from, to, adds] of steps) {
        const at = ways.findIndex(([one, other]) => one === from && other === to);
        if (adds) {
          const may = !circular([...ways, [from, to]]);
          assert.equal(routes.add(from, to), may);
          if (may) ways.push([from, to]);
        } else if (at >= 0) {
          routes.remove(from, to);
          ways.splice(at, 1);
        }
      }
    }),
  );
});
