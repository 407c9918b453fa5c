import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogLine, LogTail, MAX_TAIL } from "#src/log/log-tail.js";

test("the last lines are kept, the oldest first, and a long one is cut", () => {
  let now = 0;
  const tail = new LogTail(() => now);
  assert.deepEqual(tail.last(5), []);
  for (; now < 2 * MAX_TAIL + 50; now += 1) tail.noted("info", `line ${now}`);
  assert.deepEqual(
    tail.last(3).map(({ text }) => text),
    ["line 447", "line 448", "line 449"],
  );
  assert.deepEqual([tail.last(9999).length, tail.last(9999)[0]?.text, tail.last(0).length], [MAX_TAIL, "line 250", 0]);
  tail.noted("warn", "x".repeat(5000));
  const [long] = tail.last(1);
  assert.deepEqual([long?.level, long?.epochMs, long?.text.length], ["warn", 450, 2000]);
});

test("who follows sees each line until it leaves", () => {
  const tail = new LogTail(() => 7);
  const seen: LogLine[] = [];
  const follower = (line: LogLine): void => void seen.push(line);
  tail.noted("info", "before");
  tail.follow(follower);
  tail.noted("error", "meanwhile");
  tail.unfollow(follower);
  tail.noted("info", "after");
  assert.deepEqual(seen, [{ epochMs: 7, level: "error", text: "meanwhile" }]);
});
