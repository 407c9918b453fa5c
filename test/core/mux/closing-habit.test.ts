import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosingHabit } from "#src/core/mux/closing-habit.js";

test("a new device is held once; one that stays is not held again", () => {
  const habit = new ClosingHabit();
  assert.equal(habit.answered(undefined, 1000), 50);
  assert.equal(habit.answered(1000, 1049), 50, "that shows nothing");
  assert.equal(habit.answered(1049, 1099), 0);
  assert.equal(habit.answered(undefined, 2000), 0, "the next link, too");
});

test("a device that closes behind an answer is held behind each, until it stays", () => {
  const habit = new ClosingHabit();
  habit.answered(undefined, 1000);
  habit.closed(1000, 1049);
  assert.equal(habit.answered(undefined, 1100), 50);
  habit.closed(1100, 1101);
  assert.equal(habit.answered(undefined, 1200), 50);
  assert.equal(habit.answered(1200, 1250), 0);
});

test("a link that the device closes later, or before an answer, shows no habit", () => {
  const habit = new ClosingHabit();
  habit.answered(900, 1000);
  habit.closed(1000, 1050);
  habit.closed(undefined, 1050);
  assert.equal(habit.answered(undefined, 1100), 0);
  habit.closed(1100, 1149);
  assert.equal(habit.answered(undefined, 1200), 50, "one that it closes soon does");
});
