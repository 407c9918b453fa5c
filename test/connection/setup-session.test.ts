import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { SetupSession, type SetupSessionOwner } from "#src/connection/setup-session.js";
import type { ConnectionReport, DaemonReport } from "#src/core/status/daemon-status.js";
import { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";
import { gathered } from "../support/gathered.js";

const CONNECTIONS = 1000;

/** A setup session of a daemon with many connections. */
function sessionOf() {
  const clock = new ManualClock();
  const client = new FakeEnd();
  const ended: string[] = [];
  let told = 0;
  const connection = {
    ...{ id: "1", listener: "proxy port 1", phase: "echo" },
    get status() {
      told += 1;
      return { id: "1", client: "127.0.0.1", note: "x".repeat(1000) };
    },
  } as unknown as ConnectionReport;
  const report = {
    muxes: [],
    tunnels: [],
    devices: [],
    notifications: { waiting: 0, repeating: 0, failing: [] },
    connections: Array(CONNECTIONS).fill(connection),
  };
  const owner: Partial<SetupSessionOwner> = {
    pid: "ab",
    status: () => gathered(report as unknown as DaemonReport),
    ended: (reason) => void ended.push(reason),
    heard() {},
    trace() {},
    fault: (error) => {
      throw error;
    },
  };
  const session = new SetupSession(client, clock, owner as SetupSessionOwner);
  session.start();
  return { clock, client, session, ended, told: () => told };
}

/** Lets all waiting work run. */
async function turns(): Promise<void> {
  for (let count = 0; count < 200; count += 1) await nextTurn();
}

test("a long reply is made only as its reader takes it, and the next command waits for its end", async () => {
  const { client, told } = sessionOf();
  client.setBusy(true);
  client.send("STAT JSON\nBILD\n");
  await turns();
  assert.ok(client.unsent <= 65_536 + 20_000, `${client.unsent} bytes wait`);
  assert.ok(told() < 100, `${told()} connections`);
  while (client.unsent > 0) {
    client.setBusy(false);
    client.setBusy(true);
    await turns();
    assert.ok(client.unsent <= 65_536 + 20_000, `${client.unsent} bytes wait`);
  }
  const [greeting, status = "", build, rest] = client.text.split("\n");
  assert.match(greeting ?? "", /^OK TOGGLEDBITS/);
  assert.equal(JSON.parse(status).connections.length, CONNECTIONS);
  assert.match(build ?? "", /^OK \d+$/);
  assert.equal(rest, "");
});

for (const [what, commands] of [
  ["a long reply", "STAT JSON\n"],
  ["many short ones", "CAPA\n".repeat(20_000)],
  ["many short ones behind a STAT", `STAT JSON\n${"CAPA\n".repeat(20_000)}`],
] as const) {
  test(`a client that reads nothing of ${what} for 30 s is closed; one that reads a little is not`, async () => {
    const { clock, client, ended } = sessionOf();
    if (commands.length > 20_000) {
      client.send("STAT\n"); // from now on it may wait for hours with its next command
      await turns();
    }
    for (let take = 0; take < 2; take += 1) {
      client.setBusy(false);
      client.setBusy(true);
      client.send(commands);
      await turns();
      clock.advance(29_000);
    }
    assert.deepEqual(ended, []);
    clock.advance(2000);
    assert.deepEqual(ended, ["client has taken nothing for 30 s"]);
    const { length } = client.written;
    client.setBusy(false);
    await turns();
    assert.equal(client.written.length, length, "nothing more is made");
    assert.equal(clock.pending, 0);
  });
}

test("after STAT a client may be silent for hours, as people are", async () => {
  const { clock, client, ended } = sessionOf();
  client.send("STAT\n");
  await turns();
  clock.advance(5_999_000);
  assert.deepEqual(ended, []);
  clock.advance(2000);
  assert.deepEqual(ended, ["no command within 6000 s"]);
});
