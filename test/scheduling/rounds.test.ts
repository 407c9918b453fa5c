import assert from "node:assert/strict";
import { test } from "node:test";
import { Rounds } from "#src/scheduling/rounds.js";
import { ManualClock } from "../support/clock.js";
import { keepBusy } from "../support/cpu.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Rounds in which each step takes a millisecond, by their clock and by that of the event loop. */
function setUp() {
  const clock = new ManualClock();
  const told: string[] = [];
  const said: string[] = [];
  const rounds = new Rounds(clock, { late: () => said.push("late"), caughtUp: () => said.push("caught up") });
  const begin = (name: string, all: Iterable<number>): void =>
    rounds.begin(all, (one) => {
      told.push(`${name}${one}`);
      clock.advance(1);
      keepBusy(1);
    });
  return { rounds, begin, told, said };
}

test("a short round is over at once", () => {
  const { rounds, begin, told, said } = setUp();
  begin("a", [1, 2]);
  begin("b", [1]);
  assert.deepEqual([told, said, rounds.idle], [["a1", "a2", "b1"], [], true]);
});

test("a long one lets others have their turn every 5 ms, and says so; the next one waits for it", async () => {
  const { rounds, begin, told, said } = setUp();
  begin("a", [1, 2, 3, 4, 5, 6, 7]);
  begin("b", [1, 2, 3, 4]);
  assert.deepEqual([told.splice(0), said.splice(0)], [["a1", "a2", "a3", "a4", "a5"], ["late"]]);
  await turn();
  assert.deepEqual([told.splice(0), said.splice(0)], [["a6", "a7", "b1", "b2", "b3"], ["late"]]);
  await turn();
  assert.deepEqual([told, said, rounds.idle], [["b4"], ["caught up"], true]);
});

test("those who are gone meanwhile are left out, those who have come are told", async () => {
  const { begin, told } = setUp();
  const all = new Set([1, 2, 3, 4, 5, 6]);
  begin("a", all);
  all.delete(6);
  all.add(7);
  await turn();
  assert.deepEqual(told, ["a1", "a2", "a3", "a4", "a5", "a7"]);
});

test("a fault with one does not keep the others from being told", async () => {
  const { rounds, begin, told } = setUp();
  assert.throws(
    () =>
      rounds.begin([1, 2], (one) => {
        if (one === 1) throw new Error("a fault");
        told.push(String(one));
      }),
    /a fault/,
  );
  begin("b", [3]);
  await turn();
  assert.deepEqual(told, ["2", "b3"]);
});
