import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Contender, DeviceContention } from "#src/core/tunnel/device-contention.js";

const S = 1000;

/** A line, as devices see it that come to it. */
class Line {
  readonly contention = new DeviceContention();
  linked: Contender | undefined;
  swaps: number[] = [];
  warnings = 0;

  /** Returns whether the device is let in. One of our own says HELLO a moment later. */
  come(newcomer: Contender, now: number, { lives = true } = {}): boolean {
    const { instance, ...anonymous } = newcomer;
    const { linked, contention } = this;
    if (linked !== undefined) {
      const verdict = contention.judge(anonymous, linked, now);
      if (contention.takeWarning(now)) this.warnings += 1;
      if (verdict === "prove" && instance === undefined) return false;
      contention.swapped(verdict === "prove" ? newcomer : anonymous, linked, now);
      this.swaps.push(now);
      if (lives) contention.answered(linked, newcomer, now);
      contention.identified(newcomer, linked, now);
      if (contention.takeWarning(now)) this.warnings += 1;
    }
    this.linked = newcomer;
    return true;
  }
}

/** Two devices of other makes that come back at once when they are replaced or turned away. */
function fight(one: Contender, other: Contender, againMs: number, forMs: number): Line {
  const line = new Line();
  line.come(one, 0);
  let [holder, waiting] = [one, other];
  for (let now = againMs; now < forMs; now += againMs) {
    if (line.come(waiting, now)) [holder, waiting] = [waiting, holder];
  }
  return line;
}

const within = (times: readonly number[], from: number, to: number) =>
  times.filter((at) => at >= from && at < to).length;

describe("two devices of another make on one line", () => {
  const pairs: [string, Contender, Contender][] = [
    ["from two addresses", { address: "10.0.0.1" }, { address: "10.0.0.2" }],
    ["behind one address", { address: "10.0.0.1" }, { address: "10.0.0.1" }],
  ];
  for (const [name, one, other] of pairs) {
    test(`${name}: 10 swaps in 10 s at most, then 2 a minute, and one warning`, () => {
      for (const againMs of [50, 300, 1000, 2000, 5000]) {
        const { swaps, warnings } = fight(one, other, againMs, 600 * S);
        assert.ok(within(swaps, 0, 10 * S) <= 10, `${within(swaps, 0, 10 * S)} at first`);
        for (let from = 10 * S; from < 540 * S; from += S) {
          const count = within(swaps, from + 1, from + 60 * S);
          assert.ok(count <= 2, `${count} from ${from} on, again after ${againMs}`);
        }
        assert.ok(within(swaps, 60 * S, 600 * S) >= 5, "nobody is turned away for ever");
        assert.equal(warnings, 1);
      }
    });
  }

  test("three from three addresses: 2 swaps a minute, too, though one of them waits for longer than a minute", () => {
    const line = new Line();
    let waiting: Contender[] = [{ address: "10.0.0.1" }, { address: "10.0.0.2" }, { address: "10.0.0.3" }];
    for (let now = 0; now < 600 * S; now += S) {
      const [next = { address: "" }, ...rest] = waiting;
      const { linked } = line;
      waiting = line.come(next, now) ? [...rest, ...(linked === undefined ? [] : [linked])] : [...rest, next];
    }
    for (let from = 11 * S; from < 540 * S; from += S) {
      assert.ok(within(line.swaps, from, from + 60 * S) <= 2, `${line.swaps}`);
    }
    assert.ok(within(line.swaps, 60 * S, 600 * S) >= 10, "nobody is turned away for ever");
  });

  test("any number of devices at any pace", () => {
    const step = fc.record({ address: fc.integer({ min: 1, max: 4 }), afterMs: fc.integer({ min: 1, max: 8000 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
        const line = new Line();
        let now = 0;
        const seen = new Map<string, number>();
        for (const { address: number, afterMs } of steps) {
          now += afterMs;
          const address = `10.0.0.${number}`;
          const before = line.linked;
          if (!line.come({ address }, now) || before === undefined || before.address === address) continue;
          const replacedAt = seen.get(address) ?? Number.NEGATIVE_INFINITY;
          const lastSwap = line.swaps.at(-2) ?? Number.NEGATIVE_INFINITY;
          // whoever was replaced within the last minute is not let in sooner than 10 s after the last swap
          assert.ok(now - replacedAt >= 60 * S || now - lastSwap >= 10 * S);
          seen.set(before.address, now);
        }
      }),
    );
  });
});

test("one device that comes back, alone, is let in at once: its old link is dead", () => {
  const line = new Line();
  for (let now = 0; now < 60 * S; now += 500) assert.ok(line.come({ address: "10.0.0.1" }, now, { lives: false }));
  assert.equal(line.warnings, 0);
});

test("one that dials anew while its old link lives is let in at once, eight times in a row", () => {
  const line = new Line();
  const letIn = Array.from({ length: 12 }, (_, index) => line.come({ address: "10.0.0.1" }, index * 100));
  assert.deepEqual(letIn, [...Array(9).fill(true), false, false, false]);
  const seldom = new Line();
  for (let now = 0; now < 300 * S; now += 40 * S) assert.ok(seldom.come({ address: "10.0.0.1" }, now));
});

test("one of our own is told, and is not turned away; two of them cause one warning", () => {
  const line = new Line();
  const [one, other] = [
    { address: "10.0.0.1", instance: "a" },
    { address: "10.0.0.2", instance: "b" },
  ];
  line.come(one, 0);
  line.come(other, S);
  assert.equal(line.warnings, 1, "both live");
  for (let round = 1; round <= 10; round += 1) assert.ok(line.come(round % 2 === 0 ? other : one, round * 30 * S));
  assert.equal(line.warnings, 1);
});

test("one of our own whose address changes is no contention, however often it does", () => {
  const line = new Line();
  for (let now = 0; now < 300 * S; now += 7 * S) {
    const address = `10.0.0.${(now / S) % 2}`;
    assert.ok(line.come({ address, instance: "a" }, now, { lives: false }));
  }
  assert.equal(line.warnings, 0);
  assert.equal(line.contention.judge({ address: "10.0.0.0" }, { address: "10.0.0.9" }, 301 * S), "replace");
});

test("a restarted program of ours is another instance, and no contention", () => {
  const line = new Line();
  for (const [index, instance] of ["a", "b", "c", "d"].entries()) {
    assert.ok(line.come({ address: "10.0.0.1", instance }, index * 5 * S, { lives: false }));
  }
  assert.equal(line.warnings, 0);
});

test("a device that was replaced a minute ago is let in at once", () => {
  const line = new Line();
  line.come({ address: "10.0.0.1" }, 0);
  line.come({ address: "10.0.0.2" }, S);
  assert.equal(line.come({ address: "10.0.0.1" }, 10 * S), false, "for 10 s");
  assert.equal(line.come({ address: "10.0.0.1" }, 61 * S), true);
});

test("after some quiet minutes a new contention has a new warning", () => {
  const line = new Line();
  const [one, other] = [{ address: "10.0.0.1" }, { address: "10.0.0.2" }];
  for (const start of [0, 1000 * S]) {
    line.come(one, start);
    line.come(other, start + S);
    line.come(one, start + 2 * S);
  }
  assert.equal(line.warnings, 2);
});
