import assert from "node:assert/strict";
import { test } from "node:test";
import { Rounds } from "#src/scheduling/rounds.js";
import { keepBusy } from "../support/cpu.js";
import { until } from "../support/wait.js";

/** Rounds over items; `workMs`: the CPU time per item; 3 ms is longer than a slice. */
function scene(workMs: number) {
  const told: string[] = [];
  const said: string[] = [];
  const rounds = new Rounds({ late: () => said.push("late"), caughtUp: () => said.push("caught up") });
  const begin = (name: string, items: Iterable<number>): void =>
    rounds.begin(items, (item) => {
      told.push(`${name}${item}`);
      keepBusy(workMs);
    });
  return { rounds, begin, told, said };
}

test("a short round ends at once", () => {
  const isOver = (): boolean => {
    const { rounds, begin, told, said } = scene(0);
    begin("a", [1, 2]);
    begin("b", [1]);
    return told.join(" ") === "a1 a2 b1" && said.length === 0 && rounds.idle;
  };
  // on a busy machine another process may interrupt a slice, but not ten times in a row
  assert.ok(Array.from({ length: 10 }, isOver).some(Boolean));
});

test("a long round lets other work run, and reports it; the next round waits", async () => {
  const { rounds, begin, told, said } = scene(3);
  begin("a", [1, 2, 3]);
  begin("b", [1, 2]);
  assert.deepEqual([told, said, rounds.idle], [["a1"], ["late"], false]);
  await until(() => rounds.idle && said.at(-1) === "caught up", "all rounds");
  assert.deepEqual(told, ["a1", "a2", "a3", "b1", "b2"]);
  assert.deepEqual(said.slice(0, -1), Array(said.length - 1).fill("late"));
});

test("items removed meanwhile are left out; items added meanwhile are visited", async () => {
  const { rounds, begin, told } = scene(3);
  const items = new Set([1, 2, 3]);
  begin("a", items);
  items.delete(3);
  items.add(4);
  await until(() => rounds.idle, "the round");
  assert.deepEqual(told, ["a1", "a2", "a4"]);
});

test("a fault with one item does not stop the others", async () => {
  const { rounds, begin, told } = scene(0);
  assert.throws(
    () =>
      rounds.begin([1, 2], (item) => {
        if (item === 1) throw new Error("a fault");
        told.push(String(item));
      }),
    /a fault/,
  );
  begin("b", [3]);
  await until(() => rounds.idle, "both rounds");
  assert.deepEqual(told, ["2", "b3"]);
});
