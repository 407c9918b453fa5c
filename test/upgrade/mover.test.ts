import assert from "node:assert/strict";
import { test } from "node:test";
import type { FromPredecessor } from "#src/core/upgrade/messages.js";
import type { SessionState } from "#src/core/upgrade/session-state.js";
import type { Movable } from "#src/upgrade/movable.js";
import { Mover } from "#src/upgrade/mover.js";
import { ManualClock } from "../support/clock.js";

/** Connections on their way, and what is done with each. */
function moving(count: number, isSettled = true) {
  const clock = new ManualClock();
  const seen: string[] = [];
  const sent: FromPredecessor[] = [];
  let silences = 0;
  const connections = Array.from({ length: count }, (_, index): Movable => {
    const id = `c${index + 1}`;
    return {
      ...{ id, reason: "busy" },
      hold: () => seen.push(`hold ${id}`) > 0,
      goOn: () => void seen.push(`go on ${id}`),
      letGo: () => void seen.push(`let go ${id}`),
      parcel: isSettled ? { session: { id } as SessionState, client: {} as never, remote: {} as never } : undefined,
    };
  });
  const mover = new Mover({ send: (message) => void sent.push(message), isSilent: () => void silences++ }, clock);
  const move = mover.move(connections);
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10);
      await new Promise(setImmediate);
    }
  };
  return { mover, move, again: () => mover.move(connections), seen, sent, pass, silences: () => silences };
}

test("two connections are on their way at a time, and each is let go when the new process has it", async () => {
  const { mover, move, seen, sent, pass } = moving(3);
  await pass(100);
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ["session", "remote", "session", "remote"],
  );
  for (const id of ["c1", "c2", "c3"]) {
    mover.answered({ kind: "adopted", id });
    await pass(20);
  }
  await move;
  assert.deepEqual(seen, ["hold c1", "hold c2", "let go c1", "hold c3", "let go c2", "let go c3"]);
  assert.equal(sent.filter(({ kind }) => kind === "go").length, 3);
  assert.equal(mover.report.moved, 3);
});

test("a new process that does not confirm a connection within 10 s is told silent, and given up its connections go on", async () => {
  const { mover, move, seen, pass, silences } = moving(3);
  await pass(10_000);
  assert.equal(silences(), 0);
  await pass(100);
  assert.ok(silences() > 0);
  mover.abandon();
  await pass(20);
  await move;
  assert.deepEqual(seen, ["hold c1", "hold c2", "go on c1", "go on c2"]);
});

test("a connection that does not settle goes on, and so does one that is declined; neither is let go", async () => {
  const unsettled = moving(1, false);
  await unsettled.pass(200);
  await unsettled.move;
  const { mover, move, seen, pass } = moving(1);
  mover.answered({ kind: "declined", id: "c1", reason: "it does not want it" });
  await pass(20);
  await move;
  assert.deepEqual(
    [unsettled.seen, seen],
    [
      ["hold c1", "go on c1"],
      ["hold c1", "go on c1"],
    ],
  );
  assert.deepEqual([...mover.report.declined], [["c1", "it does not want it"]]);
});

test("a connection that did not settle goes on for half a second before it is held again", async () => {
  const { move, again, seen, pass } = moving(1, false);
  await pass(200);
  await move;
  await again();
  assert.deepEqual(seen, ["hold c1", "go on c1"]);
  await pass(500);
  const second = again();
  await pass(200);
  await second;
  assert.deepEqual(seen, ["hold c1", "go on c1", "hold c1", "go on c1"]);
});
