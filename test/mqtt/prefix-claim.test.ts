import assert from "node:assert/strict";
import { test } from "node:test";
import { presenceOf } from "#src/core/mqtt/prefix-sharing.js";
import { PrefixClaim } from "#src/mqtt/prefix-claim.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { localNames } from "../support/names.js";

const OWN = { id: "0000000a", host: "here", pid: 1, parent: 0 };
const OTHER = { id: "0000000b", host: "attic", pid: 2, parent: 0 };

function claim() {
  const [clock, log] = [new ManualClock(), new MemoryLog()];
  const said: string[] = [];
  const made = new PrefixClaim(
    { prefix: "p", publisher: OWN } as never,
    { clock, log, names: localNames(clock) },
    { say: (payload) => said.push(JSON.parse(payload).says), shared: () => said.push("everything") },
  );
  return {
    clock,
    log,
    said,
    claim: made,
    hear: (who: typeof OWN, says: "hello" | "here" | "bye") => made.heard(presenceOf(who, says)),
  };
}

test("others are known once they have had time to answer, and at once where the broker says that nobody is there", () => {
  const { clock, claim: slow, hear } = claim();
  slow.began();
  slow.status("online");
  clock.advance(600_000);
  assert.equal(slow.others, undefined, "nothing that was asked has come back");
  hear(OWN, "hello");
  clock.advance(59_999);
  assert.equal(slow.others, undefined);
  clock.advance(1);
  assert.deepEqual(slow.others, new Set());
  slow.ended();
  slow.began();
  assert.equal(slow.others, undefined, "on each connection anew");
  slow.status("offline");
  assert.deepEqual(slow.others, new Set());
});

test("another daemon is answered, told of, and said everything to once; then both speak once a minute until one goes", () => {
  const { clock, log, said, claim: own, hear } = claim();
  own.began();
  clock.advance(20_000);
  assert.deepEqual(said.splice(0), ["hello"], "nothing more while nobody is there");
  hear(OTHER, "hello");
  clock.advance(0);
  assert.deepEqual(said.splice(0), ["here", "everything"]);
  assert.match(log.lines.join("\n"), /another daemon, on attic, publishes below "p", too/);
  for (let count = 0; count < 100; count += 1) hear(OTHER, "hello");
  clock.advance(5000);
  assert.deepEqual(said.splice(0), ["here"], "however often it asks");
  clock.advance(60_000);
  hear(OTHER, "here");
  clock.advance(60_000);
  assert.deepEqual(said.splice(0), ["here", "here"]);
  assert.deepEqual(own.sharers, [{ id: OTHER.id, host: "attic", sinceMs: 125_000 }]);
  clock.advance(150_000);
  assert.deepEqual(own.sharers, []);
  assert.match(log.lines.at(-1) ?? "", /no other daemon publishes below "p" any more/);
  assert.equal(clock.pending, 0);
  assert.equal(said.pop(), "everything", "the other one may have written over something");
  said.length = 0;
  hear(OTHER, "hello");
  own.leave();
  assert.deepEqual(said, ["bye"]);
});
