import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CLOSE_ENDS,
  CONN_ENDS,
  DEVICE_ENDS,
  type EndCause,
  type EndRules,
  LINE_ENDS,
  type Partings,
  partings,
  SHARED_ENDS,
} from "#src/core/limits/end-rules.js";

const NOTHING = { remoteEnded: false, clientEnded: false, remoteBehind: false };
const REMOTE_ENDED = { ...NOTHING, remoteEnded: true };
const CLIENT_ENDED = { ...NOTHING, clientEnded: true };
const BOTH = { ...NOTHING, remoteEnded: true, clientEnded: true };
const BEHIND = { ...NOTHING, remoteBehind: true };
const DONE: EndCause = { kind: "done" };
const LIMIT: EndCause = { kind: "limit" };
const OUTSIDE: EndCause = { kind: "outside" };
const REPLACED: EndCause = { kind: "replaced" };
const gone = (side: "client" | "remote", isCut = true): EndCause => ({ kind: "gone", side, isCut });

type Row = [what: string, EndCause, typeof NOTHING, EndRules, Partings["toClient"], Partings["toRemote"], boolean];
const table: Row[] = [
  ["both have ended", DONE, BOTH, LINE_ENDS, "end", "close", false],
  ["CONN: a limit", LIMIT, NOTHING, CONN_ENDS, "end", "reset", false],
  ["a line: a limit", LIMIT, NOTHING, LINE_ENDS, "reset", "reset", true],
  ["a line: a limit behind the remote's FIN", LIMIT, REMOTE_ENDED, LINE_ENDS, "reset", "reset", true],
  ["a line: a limit behind the client's FIN", LIMIT, CLIENT_ENDED, LINE_ENDS, "reset", "reset", true],
  ["a limit, and both have ended: last bytes", LIMIT, BOTH, CONN_ENDS, "end", "close", false],
  ["CONN: the daemon stops", OUTSIDE, NOTHING, CONN_ENDS, "end", "close", false],
  ["CONN: the daemon stops, and the remote lacks bytes", OUTSIDE, BEHIND, CONN_ENDS, "end", "reset", false],
  ["a line: the daemon stops", OUTSIDE, NOTHING, LINE_ENDS, "reset", "reset", true],
  ["a line: the daemon stops behind the remote's FIN", OUTSIDE, REMOTE_ENDED, LINE_ENDS, "end", "reset", false],
  ["a line: the daemon stops behind the client's FIN", OUTSIDE, CLIENT_ENDED, LINE_ENDS, "reset", "close", true],
  ["a line: another client gets the remote", REPLACED, NOTHING, LINE_ENDS, "reset", "close", true],
  ["a line: another client gets the remote, which lacks bytes", REPLACED, BEHIND, LINE_ENDS, "reset", "reset", true],
  ["CONN: the remote resets", gone("remote"), NOTHING, CONN_ENDS, "end", "close", true],
  ["a line: the remote resets", gone("remote"), NOTHING, LINE_ENDS, "reset", "close", true],
  ["CONN: the client resets", gone("client"), NOTHING, CONN_ENDS, "end", "close", true],
  ["CONN: the client resets, the remote lacks bytes", gone("client"), BEHIND, CONN_ENDS, "end", "reset", true],
  ["a line: the client resets", gone("client"), BEHIND, LINE_ENDS, "end", "reset behind", true],
  ["a shared device: an answer is cut", gone("remote"), NOTHING, SHARED_ENDS, "reset", "close", true],
  ["a shared device: it closes for a reason", gone("remote", false), NOTHING, SHARED_ENDS, "end", "close", false],
  ["a shared device: the client resets", gone("client"), NOTHING, SHARED_ENDS, "end", "close", true],
  ["a device, with CLOSE only: the link is lost", gone("client"), NOTHING, CLOSE_ENDS, "end", "reset behind", true],
  ["a device, with CLOSE only: silence behind it", LIMIT, CLIENT_ENDED, CLOSE_ENDS, "end", "reset", false],
  ["a device, with CLOSE only: the service has ended", OUTSIDE, REMOTE_ENDED, CLOSE_ENDS, "end", "close", false],
  ["a device: its service resets", gone("remote"), NOTHING, DEVICE_ENDS, "reset", "close", true],
];
for (const [what, cause, state, rules, toClient, toRemote, isReset] of table) {
  test(what, () => assert.deepEqual(partings(cause, state, rules), { toClient, toRemote, isReset }));
}

const cause = fc.oneof(
  fc.constantFrom(LIMIT, OUTSIDE),
  fc.constantFrom("client" as const, "remote" as const).map((side) => gone(side)),
);
const state = fc.record({ remoteEnded: fc.boolean(), clientEnded: fc.boolean(), remoteBehind: fc.boolean() });

test("on a line, no side sees a FIN that the other one has not sent, whatever ends the connection", () => {
  fc.assert(
    fc.property(cause, state, (why, what) => {
      const { toClient, toRemote } = partings(why, what, LINE_ENDS);
      const isClientGone = why.kind === "gone" && why.side === "client";
      const isRemoteGone = why.kind === "gone" && why.side === "remote";
      if (!isClientGone && toClient === "end") assert.ok(what.remoteEnded);
      if (!isRemoteGone && toRemote === "close") assert.ok(what.clientEnded && !what.remoteBehind);
    }),
  );
});

test("on CONN, the client always gets FIN", () => {
  fc.assert(fc.property(cause, state, (why, what) => assert.equal(partings(why, what, CONN_ENDS).toClient, "end")));
});
