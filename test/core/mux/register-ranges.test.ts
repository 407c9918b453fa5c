import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReadMerger } from "#src/core/mux/read-merger.js";
import { cutOut, holds, holesOf, isReadable, type RegisterRange, unionOf } from "#src/core/mux/register-ranges.js";

const rangeIn = (from: number, to: number, code: number): fc.Arbitrary<RegisterRange> =>
  fc
    .tuple(fc.integer({ min: from, max: to - 1 }), fc.integer({ min: from, max: to - 1 }))
    .map(([one, other]) => ({ unit: 1, code, start: Math.min(one, other), count: Math.abs(one - other) + 1 }));

/** What a device that has every register and bit answers. */
function valuesOf({ code, start, count }: RegisterRange): Buffer {
  if (code > 2) return Buffer.concat(Array.from({ length: count }, (_, n) => Buffer.of(0x5a, (start + n) & 0xff)));
  const bytes = Buffer.alloc(Math.ceil(count / 8));
  for (let n = 0; n < count; n += 1) if ((start + n) % 3 === 0) bytes[n >> 3] = (bytes[n >> 3] ?? 0) | (1 << (n & 7));
  return bytes;
}

test("a part of an answer is what the device would have answered for that part", () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 3, 4), fc.infiniteStream(fc.nat()), (code, numbers) => {
      const [a = 0, b = 0, c = 0] = numbers.take(3);
      const outer = { unit: 1, code, start: a % 1000, count: 1 + (b % 125) };
      const start = outer.start + (c % outer.count);
      const inner = { ...outer, start, count: outer.start + outer.count - start };
      assert.deepEqual(cutOut(valuesOf(outer), outer, inner), valuesOf(inner));
    }),
  );
});

test("holes are what no part covers", () => {
  fc.assert(
    fc.property(fc.array(rangeIn(0, 60, 3), { minLength: 1, maxLength: 5 }), (parts) => {
      const all = parts.reduce(unionOf);
      const covered = (at: number, ranges: readonly RegisterRange[]): boolean =>
        ranges.some(({ start, count }) => at >= start && at < start + count);
      const holes = holesOf(all, parts);
      for (let at = all.start; at < all.start + all.count; at += 1) {
        assert.equal(covered(at, holes), !covered(at, parts), `${at}`);
      }
    }),
  );
});

test("a merged range holds its parts, bridges no wider gap, fits an answer, and never holds what was refused", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(rangeIn(0, 300, 3), fc.boolean()), { maxLength: 30 }),
      fc.nat(20),
      (steps, maxGap) => {
        const merger = new ReadMerger();
        const refused: RegisterRange[] = [];
        for (const [range, isRefused] of steps.filter(([each]) => isReadable(each))) {
          merger.asked(range, 0);
          const wide = merger.widened(range, maxGap, 0, 0);
          assert.ok(holds(wide, range) && isReadable(wide));
          if (wide.count === range.count) continue;
          for (const hole of refused) assert.ok(!holds(wide, hole));
          const parts = steps.map(([each]) => each);
          for (const hole of holesOf(wide, parts)) assert.ok(hole.count <= maxGap);
          if (!isRefused) continue;
          merger.refused(wide, [range], 0);
          refused.push(...holesOf(wide, [range]));
        }
      },
    ),
  );
});

test("what a device refused is tried again after ten minutes", () => {
  const merger = new ReadMerger();
  const [one, other] = [
    { unit: 1, code: 3, start: 0, count: 10 },
    { unit: 1, code: 3, start: 12, count: 10 },
  ];
  merger.refused(unionOf(one, other), [one, other], 0);
  assert.equal(merger.union(one, other, 5, 599_999), undefined);
  assert.deepEqual(merger.union(one, other, 5, 600_000), { ...one, count: 22 });
});
