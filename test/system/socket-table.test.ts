import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { endpointKey } from "#src/core/net/proc-net-tcp.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";
import { ConfigFile } from "../support/config.js";
import { until } from "../support/wait.js";

const OURS = endpointKey("127.0.0.1", 2504);
const peer = (port: number): string => endpointKey("127.0.0.1", port);

/** A line of the socket table for a socket with this port. */
function row(port: number, state: string, unread: number, timer = "00"): string {
  const queue = unread.toString(16).toUpperCase().padStart(8, "0");
  return `   1: ${peer(port)} ${OURS} ${state} 00000000:${queue} ${timer}:00000000 00000000     0        0 1 1\n`;
}

/** A table where the socket of each port has as many unread bytes, followed by a socket that no program owns. */
function table(count: number): string {
  const rows = Array.from({ length: count }, (_, n) => row(n + 1, "01", n + 1) + row(30_000 + n, "06", 0, "03"));
  return `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n${rows.join("")}`;
}

test("simultaneous queries share one reading of the table, however long it is", async () => {
  const file = new ConfigFile(table(5000));
  const sockets = new SocketTable(new ManualClock(), [file.path, "/nowhere/tcp6"]);
  const ports = Array.from({ length: 1000 }, (_, n) => 5 * n + 1);
  const rows = await Promise.all(ports.map((port) => sockets.row(peer(port), OURS)));
  assert.deepEqual(
    rows.map((found) => found?.unread),
    ports,
  );
});

test("an unknown socket has no row, nor has one that no program owns", async () => {
  const file = new ConfigFile(table(10));
  const sockets = new SocketTable(new ManualClock(), [file.path]);
  const asked = [sockets.row(peer(11), OURS), sockets.row(OURS, peer(1)), sockets.row(peer(30_001), OURS)];
  assert.deepEqual(await Promise.all(asked), [undefined, undefined, undefined]);
});

test("the table is read at most ten times a second; a query in between gets the result of the next reading", async () => {
  const file = new ConfigFile(table(1));
  const clock = new ManualClock();
  const sockets = new SocketTable(clock, [file.path]);
  assert.equal(await sockets.row(peer(2), OURS), undefined);
  let found: unknown;
  void sockets.row(peer(2), OURS).then((answer) => {
    found = answer?.unread;
  });
  writeFileSync(file.path, table(2));
  clock.advance(99);
  await new Promise(setImmediate);
  assert.equal(found, undefined);
  clock.advance(1);
  await until(() => found === 2, "the answer");
});

test("where bytes wait for the answer, the table is read sooner again, but not all the time", async () => {
  const file = new ConfigFile(table(1));
  for (const [tookMs, restMs] of [
    [0, 2],
    [10, 30],
  ] as const) {
    const clock = new ManualClock();
    const sockets = new SocketTable(clock, [file.path]);
    const first = sockets.pair(peer(1), OURS, true);
    await new Promise(setImmediate); // the reading has begun
    clock.advance(tookMs);
    assert.deepEqual((await first)[1], { known: true, row: undefined });
    let answered = false;
    void sockets.pair(peer(1), OURS, true).then(() => {
      answered = true;
    });
    clock.advance(restMs - 1);
    assert.equal(clock.pending, 1, "it waits");
    clock.advance(1);
    await until(() => answered, "the answer");
  }
});

test("a table that takes long is read less often", async () => {
  const file = new ConfigFile(table(1));
  const clock = new ManualClock();
  const sockets = new SocketTable(clock, [file.path]);
  const first = sockets.row(peer(1), OURS);
  await new Promise(setImmediate); // the reading has begun
  clock.advance(150);
  await first;
  let answered = false;
  void sockets.row(peer(1), OURS).then(() => {
    answered = true;
  });
  clock.advance(1349); // ten times the reading, less what has passed
  assert.equal(clock.pending, 1, "it waits");
  clock.advance(1);
  await until(() => answered, "the answer");
});

test("what comes behind the last socket in question is not read", async () => {
  const file = new ConfigFile(table(2));
  const sockets = new SocketTable(new ManualClock(), [file.path, "/"]); // the second one cannot be read
  const found = await sockets.row(peer(2), OURS);
  assert.equal(found?.unread, 2);
});

test("a patient query is answered later, or together with an impatient one", async () => {
  const file = new ConfigFile(table(2));
  const clock = new ManualClock();
  const sockets = new SocketTable(clock, [file.path]);
  const answered: string[] = [];
  const ask = (name: string, patienceMs: number) =>
    sockets.row(peer(1), OURS, patienceMs).then(() => answered.push(name));
  void ask("patient", 1000);
  clock.advance(999);
  await new Promise(setImmediate);
  assert.deepEqual(answered, []);
  clock.advance(1);
  await until(() => answered.length === 1, "the patient one");
  clock.advance(100);
  void ask("patient too", 1000);
  await ask("prompt", 0);
  await until(() => answered.length === 3, "both");
  assert.equal(clock.pending, 0);
});

test("a peer counts as present where the table is missing or unreadable", async () => {
  const state = async (text: string | undefined): Promise<string> => {
    const path = text === undefined ? "/nowhere/tcp" : new ConfigFile(text).path;
    return new SocketTable(new ManualClock(), [path]).peerState(peer(1), OURS);
  };
  assert.equal(await state(undefined), "present");
  assert.equal(await state(""), "present");
  assert.equal(await new SocketTable(new ManualClock(), ["/"]).peerState(peer(1), OURS), "present");
  assert.equal(await state(table(0) + row(2, "01", 0)), "gone");
  assert.equal(await state(row(1, "01", 0)), "present");
  assert.equal(await state(row(1, "08", 0)), "ended");
});
