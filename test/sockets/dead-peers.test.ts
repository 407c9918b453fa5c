import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { DeadPeers } from "#src/sockets/dead-peers.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";
import { ConfigFile } from "../support/config.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const KEEPALIVE_MS = 20_000;
const INTERVAL_MS = 5000;
/** What the log says of a peer that is given up. */
const LIMIT = "no acknowledgement for 30 s";

/** A watch over real connections; the test writes the kernel's table, for no peer of this machine vanishes. */
function scene(t: TestContext) {
  const clock = new ManualClock();
  const tableClock = new ManualClock();
  const file = new ConfigFile("");
  const rows = new Map<StreamEnd, { unacknowledged: number; probes: number }>();
  const table = new SocketTable(tableClock, [file.path]);
  const row = t.mock.method(table, "row"); // to count its calls
  const peers = new DeadPeers(KEEPALIVE_MS, clock, table, (error) => assert.fail(String(error)));
  /** Lets time pass until the next check, and the check be over. */
  async function check(): Promise<void> {
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
    const lines = [...rows].map(
      ([{ ownKey, peerKey }, { unacknowledged, probes }]) =>
        `  1: ${ownKey} ${peerKey} 01 ${hex(unacknowledged)}:00000000 01:00000000 ${hex(probes)} 0 0 1 1\n`,
    );
    writeFileSync(file.path, `  sl  local_address rem_address\n${lines.join("")}`);
    clock.advance(INTERVAL_MS);
    await until(() => {
      tableClock.advance(1000); // questions are gathered for a second
      return clock.pending > 0;
    }, "the check to be over");
  }
  return { clock, peers, rows, check, asked: () => row.mock.callCount() };
}

/** A connection that is watched, and why it was closed. */
async function watched(t: TestContext, peers: DeadPeers) {
  const { end, peer } = await socketEnd(t);
  let reason: Error | undefined;
  end.events = {
    ...IGNORE_EVENTS,
    closed: (error) => {
      reason = error;
    },
  };
  end.resume();
  peers.add(end);
  return { end, peer, reason: () => reason as NodeJS.ErrnoException | undefined };
}

test("a peer that acknowledges nothing is given up like a silent one: keepalive and ten probes", async (t) => {
  const { peers, rows, check } = scene(t);
  const { end, reason } = await watched(t, peers);
  await check(); // the first check only learns what has passed
  end.write("into the void");
  let checks = 0;
  for (; !end.gone && checks < 20; checks += 1) {
    rows.set(end, { unacknowledged: 13, probes: checks + 1 });
    await check();
  }
  await until(() => reason() !== undefined, "the end");
  assert.deepEqual([reason()?.code, reason()?.message], ["ETIMEDOUT", LIMIT]);
  assert.equal(checks, 1 + 30_000 / INTERVAL_MS);
});

test("a peer that sends something meanwhile is there", async (t) => {
  const { peers, rows, check } = scene(t);
  const { end, peer } = await watched(t, peers);
  await check();
  end.write("x");
  for (let checks = 0; checks < 20; checks += 1) {
    rows.set(end, { unacknowledged: 1, probes: checks + 1 });
    if (checks % 4 === 3) {
      const before = end.bytesReceived;
      peer.write("sign of life");
      await until(() => end.bytesReceived > before, "the sign of life");
    }
    await check();
  }
  assert.equal(end.gone, false);
});

test("the kernel is asked only about peers that were sent something and have sent nothing since", async (t) => {
  const { peers, rows, check, asked } = scene(t);
  const [idle, busy] = [await watched(t, peers), await watched(t, peers)];
  await check();
  await check();
  const atRest = asked();
  await check();
  assert.equal(asked(), atRest, "nothing was sent");
  busy.end.write("x");
  await check();
  assert.equal(asked(), atRest + 1);
  rows.set(busy.end, { unacknowledged: 0, probes: 0 });
  await check();
  assert.equal(asked(), atRest + 1, "it has acknowledged everything");
  assert.deepEqual([idle.end.gone, busy.end.gone], [false, false]);
});

test("a peer that was removed is not given up, and without peers there is no timer", async (t) => {
  const { clock, peers, rows, check } = scene(t);
  const { end } = await watched(t, peers);
  await check();
  end.write("x");
  for (let checks = 0; checks < 4; checks += 1) {
    rows.set(end, { unacknowledged: 1, probes: checks + 1 });
    await check();
  }
  peers.remove(end);
  clock.advance(INTERVAL_MS);
  for (let pass = 0; pass < 5; pass += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([clock.pending, end.gone], [0, false]);
});

test("the kernel probes a peer that stays for a second; a connection of a moment does without", async (t) => {
  const { peers, clock } = scene(t);
  const [moment, longer] = [await watched(t, peers), await watched(t, peers)];
  const [never, once] = [moment, longer].map(({ end }) => t.mock.method(end, "probe"));
  clock.advance(999);
  peers.remove(moment.end);
  clock.advance(1);
  await until(() => once?.mock.callCount() === 1, "keepalive");
  assert.equal(never?.mock.callCount(), 0);
});
