import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerMatcher, type Awaiting } from "#src/core/mux/answer-matcher.js";
import { DeviceHabits } from "#src/core/mux/device-habits.js";
import { muxRoute, requestOf } from "../../support/mux-parts.js";

/** A matcher of one link; `ask` sends a request, `say` is what the device sends. */
function setUp(options: string) {
  const { mux } = muxRoute(options);
  const { protocol } = mux;
  const matcher = new AnswerMatcher<Awaiting>(() => mux, new DeviceHabits(), 0);
  return {
    matcher,
    ask(bytes: Buffer): Awaiting {
      const [id, request] = [matcher.nextId(), requestOf(protocol, bytes)];
      const awaiting = { id, request, bytes: protocol.withId(request, id), isEchoed: false };
      matcher.sent(awaiting);
      return awaiting;
    },
    say(bytes: Buffer) {
      const [cut] = protocol.framing.answers().push(bytes);
      return matcher.match(cut ?? assert.fail("no message"));
    },
  };
}

test("echo: a message answers the request that waits, and nothing else", () => {
  const { matcher, ask, say } = setUp("PROT=echo");
  const asked = ask(Buffer.from("one\n"));
  const match = say(Buffer.from("answer\n"));
  assert.ok(match.kind === "answer" && match.to === asked);
  matcher.completed(asked);
  assert.equal(say(Buffer.from("answer\n")).kind, "suspect");
});
