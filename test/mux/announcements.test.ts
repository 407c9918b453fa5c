import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcements } from "#src/mux/announcements.js";
import type { MuxClient } from "#src/mux/mux-client.js";
import { Rounds } from "#src/scheduling/rounds.js";
import { keepBusy } from "../support/cpu.js";
import { until } from "../support/wait.js";

/** Clients; a write to one of them takes as long as a time slice. */
function setUp(...names: readonly string[]) {
  const told: string[] = [];
  const client = (name: string) => ({
    stalled: false,
    deliver(bytes: Buffer) {
      told.push(`${name}:${bytes}`);
      keepBusy(3);
    },
    cut: (reason: string) => told.push(`${name} dropped: ${reason}`),
  });
  const clients = names.map(client);
  const rounds = new Rounds({ late() {}, caughtUp() {} });
  return { clients, told, announcements: new Announcements(rounds, clients as unknown as MuxClient[]) };
}

test("events that come before the first write go out together, later ones do not overtake", async () => {
  const { clients, told, announcements } = setUp("a", "b", "c", "d");
  for (const event of ["1", "2", "3"]) announcements.all(Buffer.from(event));
  announcements.each(new Set(clients.slice(0, 1)), (one) => one.deliver(Buffer.from("answer")));
  announcements.all(Buffer.from("4"));
  assert.deepEqual(told, ["a:1"]);
  await until(() => told.length === 13, "all of them");
  assert.deepEqual(told, [
    "a:1",
    "b:1",
    "c:1",
    "d:1",
    "a:23",
    "b:23",
    "c:23",
    "d:23",
    "a:answer",
    "a:4",
    "b:4",
    "c:4",
    "d:4",
  ]);
});

test("no event is lost while there is no client", async () => {
  const { clients, told, announcements } = setUp("a");
  const [only] = clients.splice(0);
  announcements.all(Buffer.from("1"));
  if (only !== undefined) clients.push(only);
  announcements.all(Buffer.from("2"));
  await until(() => told.length === 1, "the second one");
  assert.deepEqual(told, ["a:2"]);
});

test("a client with too many unread bytes is dropped", async () => {
  const { clients, told, announcements } = setUp("a", "b");
  if (clients[0] !== undefined) clients[0].stalled = true;
  announcements.all(Buffer.from("1"));
  await until(() => told.length === 2, "both");
  assert.deepEqual(told, ["a dropped: it does not read what the device sends", "b:1"]);
});
