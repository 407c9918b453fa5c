import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UnreadTracker } from "#src/core/notify/unread-tracker.js";

const cases: [string, number[], boolean[]][] = [
  ["nothing was ever unread", [0, 0, 0], [false, false, false]],
  ["a plugin that takes everything at once", [0, 0], [false, false]],
  ["unread, and stays so", [5, 5, 5], [true, true, true]],
  ["the plugin reads one sample late: two more reminders", [5, 0, 0, 0, 0], [true, true, true, false, false]],
  [
    "portions that last three samples",
    [30, 30, 30, 20, 20, 20, 10, 10, 10, 0, 0, 0, 0, 0, 0],
    [...Array<boolean>(13).fill(true), false, false],
  ],
];
for (const [what, samples, expected] of cases) {
  test(what, () => {
    const unreadTracker = new UnreadTracker();
    assert.deepEqual(
      samples.map((unread) => unreadTracker.observe(unread)),
      expected,
    );
  });
}

test("a plugin that was busy for long and then reads everything gets at most 64 more reminders", () => {
  const unreadTracker = new UnreadTracker();
  for (let sample = 0; sample < 1000; sample += 1) assert.equal(unreadTracker.observe(5), true);
  let more = 0;
  while (unreadTracker.observe(0)) more += 1;
  assert.equal(more, 64);
});

test("a plugin that reads in portions behind LuaSocket's buffer reads everything, with few reminders too many", () => {
  const BUFFER = 8192;
  fc.assert(
    fc.property(
      fc.integer({ min: 140, max: 4096 }),
      fc.integer({ min: 2 * BUFFER, max: 100_000 }),
      (portion, total) => {
        const unreadTracker = new UnreadTracker();
        let kernel = total;
        let buffered = 0;
        let reads = 0;
        const read = (): void => {
          reads += 1;
          let wanted = portion;
          while (wanted > 0 && buffered + kernel > 0) {
            if (buffered === 0) {
              buffered = Math.min(BUFFER, kernel);
              kernel -= buffered;
            }
            const got = Math.min(wanted, buffered);
            buffered -= got;
            wanted -= got;
          }
        };
        read(); // the notification of the data itself
        while (unreadTracker.observe(kernel)) read();
        assert.equal(kernel + buffered, 0);
        assert.ok(reads <= Math.ceil(total / portion) + Math.ceil(BUFFER / portion) + 3);
      },
    ),
  );
});
