import assert from "node:assert/strict";
import { test } from "node:test";
import { idHabit, questionId } from "#src/core/doctor/ids.js";

const ASKED = Array.from({ length: 300 }, (_, number) => questionId(number));
const swapped = (id: number): number => ((id & 0xff) << 8) | (id >> 8);

const HABITS: readonly [habit: string, answered: (asked: number, index: number) => number][] = [
  ["kept", (asked) => asked],
  ["swapped", swapped],
  ["constant", () => 0],
  ["constant", () => 1],
  ["counted", (_, index) => (65_400 + index) & 0xffff],
  ["counted", (_, index) => index * 2],
  ["others", (asked) => asked ^ 0x5555],
];
for (const [habit, answered] of HABITS) {
  test(`ids that are ${habit}: ${[0, 1, 2].map((index) => answered(ASKED[index] ?? 0, index)).join(", ")} …`, () => {
    for (const count of [2, 10, 300]) {
      const pairs = ASKED.slice(0, count).map((asked, index) => [asked, answered(asked, index)] as const);
      assert.equal(idHabit(pairs), habit, `${count} answers`);
    }
  });
}

test("without ids nothing is known", () => assert.equal(idHabit([]), "unknown"));

test("ids of questions: each its own, none the same when its bytes are swapped, and no counter", () => {
  assert.equal(new Set(ASKED).size, ASKED.length);
  for (const [index, id] of ASKED.entries()) {
    assert.notEqual(id, swapped(id));
    assert.ok(Math.abs(id - (ASKED[index - 1] ?? 0)) > 8);
  }
});
