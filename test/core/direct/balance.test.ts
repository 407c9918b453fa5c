import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attemptMs, orderOfTrying, type ServerLoad } from "#src/core/direct/balance.js";
import type { DirectOptions } from "#src/core/direct/direct-options.js";

type Mode = DirectOptions["balance"];

/** Servers as their numbers of clients; brackets mean down. */
function servers(text: string): ServerLoad[] {
  return text.split(" ").map((word) => ({ up: !word.startsWith("("), active: Number(word.replace(/[()]/g, "")) }));
}

const orders: [mode: Mode, servers: string, previous: number, expected: number[]][] = [
  ["first", "5 0 0", 1, [0, 1, 2]],
  ["first", "(0) 7 (0) 8", -1, [1, 3, 0, 2]],
  ["first", "(0) (0)", 0, [0, 1]],
  ["round", "0 0 0", -1, [0, 1, 2]],
  ["round", "0 0 0", 0, [1, 2, 0]],
  ["round", "0 0 0", 2, [0, 1, 2]],
  ["round", "0 (0) 0", 0, [2, 0, 1]],
  ["round", "(0) (0) (0)", 0, [1, 2, 0]],
  ["least", "2 1 3", 0, [1, 0, 2]],
  ["least", "1 0 1 0", 2, [1, 3, 0, 2]],
  ["least", "2 (0) 1", -1, [2, 0, 1]],
  ["least", "(2) (1)", -1, [1, 0]],
];
for (const [mode, text, previous, expected] of orders) {
  test(`${mode} of ${text}, behind ${previous}: ${expected.join(" ")}`, () =>
    assert.deepEqual(orderOfTrying(mode, servers(text), previous), expected));
}

const mode = fc.constantFrom<Mode>("first", "round", "least");
const candidates = fc.array(fc.record({ up: fc.boolean(), active: fc.nat(5) }), { minLength: 1, maxLength: 32 });

test("every server is tried once, those that are up before the others", () => {
  fc.assert(
    fc.property(mode, candidates, fc.integer({ min: -1, max: 31 }), (how, list, last) => {
      const previous = Math.min(last, list.length - 1);
      const order = orderOfTrying(how, list, previous);
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        list.map((_server, index) => index),
      );
      const ups = order.map((index) => list[index]?.up);
      assert.ok(!ups.slice(ups.indexOf(false)).includes(true) || !ups.includes(false));
    }),
  );
});

test("round is fair: of n servers that are up each is first once in n times", () => {
  fc.assert(
    fc.property(candidates, fc.integer({ min: -1, max: 31 }), (list, last) => {
      let previous = Math.min(last, list.length - 1);
      const up = list.flatMap((server, index) => (server.up ? [index] : []));
      const turns = (up.length > 0 ? up : list).map(() => {
        previous = orderOfTrying("round", list, previous)[0] ?? -1;
        return previous;
      });
      assert.equal(new Set(turns).size, turns.length);
      if (up.length > 0)
        assert.deepEqual(
          turns.sort((a, b) => a - b),
          up,
        );
    }),
  );
});

test("least: the first one has no more clients than any other that is up", () => {
  fc.assert(
    fc.property(candidates, (list) => {
      const [first = 0] = orderOfTrying("least", list, -1);
      for (const { up, active } of list) if (up) assert.ok((list[first]?.active ?? 0) <= active);
    }),
  );
});

const attempts: [leftMs: number, servers: number, expected: number][] = [
  [4000, 1, 4000],
  [4000, 2, 2000],
  [4000, 3, 1333],
  [4000, 32, 1333],
  [0.4, 1, 1],
  [-5, 2, 1],
];
for (const [leftMs, count, expected] of attempts) {
  test(`with ${leftMs} ms left and ${count} to try, one has ${expected} ms`, () =>
    assert.equal(attemptMs(leftMs, count), expected));
}

test("all attempts together have the whole time, and the last of three has a third of it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 600_000 }), fc.integer({ min: 1, max: 32 }), (limitMs, count) => {
      let leftMs = limitMs;
      for (let servers = count; servers > 0; servers -= 1) {
        const ms = attemptMs(leftMs, servers);
        assert.ok(ms <= Math.max(1, leftMs));
        if (count <= 3) assert.ok(Math.abs(ms - limitMs / count) <= 2, `${ms}`);
        leftMs -= ms;
      }
      assert.ok(leftMs <= 0);
    }),
  );
});
