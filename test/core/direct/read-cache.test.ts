import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerCache } from "#src/core/collections/answer-cache.js";
import { ReadCache } from "#src/core/direct/read-cache.js";
import type { Cut } from "#src/core/framing/framing.js";
import { ACTION, DONE, EVENT, read, reply } from "../../support/telegram-line.js";

const FRESH_MS = 500;

const frame = (text: string): Cut => ({ kind: "frame", bytes: Buffer.from(text, "latin1") });
const junk = (text: string): Cut => ({ kind: "junk", bytes: Buffer.from(text, "latin1"), reason: "test" });

/** Two connections of one line. */
function setUp() {
  const answers = new AnswerCache(FRESH_MS);
  const [one, two] = [new ReadCache(answers), new ReadCache(answers)];
  const cached = (now: number, point = 12): string | undefined =>
    two.answer(Buffer.from(read(point)), now)?.toString("latin1");
  return { one, two, cached };
}

test("the reply to a read of one connection answers the reads of all, while it is fresh", () => {
  const { one, cached } = setUp();
  one.sent(frame(read(12)));
  one.received(frame(reply(12, 7)), 1000);
  assert.equal(cached(1499), reply(12, 7));
  assert.equal(cached(1500), undefined);
  assert.equal(cached(1000, 13), undefined);
});

for (const [what, change] of [
  ["an action", (cache: ReadCache) => cache.sent(frame(ACTION))],
  ["junk to the server", (cache: ReadCache) => cache.sent(junk("x"))],
  ["an event", (cache: ReadCache) => cache.received(frame(EVENT), 1000)],
  ["the end of an action", (cache: ReadCache) => cache.received(frame(DONE), 1000)],
] as const) {
  test(`${what} on any connection makes all answers worthless, those under way included`, () => {
    const { one, two, cached } = setUp();
    one.sent(frame(read(12)));
    one.received(frame(reply(12, 7)), 1000);
    one.sent(frame(read(13)));
    change(two);
    assert.equal(cached(1000), undefined);
    one.received(frame(reply(13, 7)), 1000);
    assert.equal(cached(1000, 13), undefined);
  });
}

test("line ends between telegrams change nothing", () => {
  const { one, cached } = setUp();
  one.sent(frame(read(12)));
  one.received(frame(reply(12, 7)), 1000);
  one.sent(junk("\r\n"));
  one.received(junk("\r\n"), 1000);
  assert.equal(cached(1000), reply(12, 7));
  assert.equal(one.isBetweenMessages, true);
});

test("an unsolicited reply is not kept", () => {
  const { one, cached } = setUp();
  one.received(frame(reply(12, 7)), 1000);
  assert.equal(cached(1000), undefined);
});

test("behind junk a client is not between messages before the next whole one", () => {
  const { one } = setUp();
  assert.equal(one.isBetweenMessages, true);
  one.received(junk("x"), 1000);
  one.received(junk("\r\n"), 1000);
  assert.equal(one.isBetweenMessages, false);
  one.received(frame(EVENT), 1000);
  assert.equal(one.isBetweenMessages, true);
});
