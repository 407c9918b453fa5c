import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ClientCounters } from "#src/accept/client-counters.js";
import { Rejections } from "#src/accept/rejections.js";
import { sharedOrigin } from "#src/core/net/client-origin.js";
import { SocketTable } from "#src/system/socket-table.js";
import { ManualClock } from "../support/clock.js";
import { MemoryLog } from "../support/in-process.js";
import { listenerOf } from "../support/listener.js";
import { from } from "../support/origin.js";
import { socketEnd } from "../support/socket-end.js";
import { until } from "../support/wait.js";

const REASON_MS = 2000;
const MAX_CLOSING = 16;
const LISTENER = listenerOf(7, { reject: (client, reason) => client.write(`ERR ${reason}\n`) });

function fixture(t: TestContext) {
  const [clock, log, clients] = [new ManualClock(), new MemoryLog(), new ClientCounters()];
  const rejections = new Rejections({ clock, sockets: new SocketTable(clock) }, clients, log);
  return { clock, log, clients, rejections, client: () => socketEnd(t) };
}

test("a rejected client reads the reason, then the end; the log names client, port and reason", async (t) => {
  const { log, rejections, client } = fixture(t);
  const { end, peer } = await client();
  rejections.reject(end, from("192.0.2.7"), LISTENER, "no room");
  assert.equal(await peer.rest(), "ERR no room\n");
  assert.deepEqual(log.lines, ["WARN [- 192.0.2.7 > -] rejected by direct port 7: no room"]);
  peer.end();
  await until(() => end.gone, "the socket to be closed");
});

test("a rejected client that does not close is cut after two seconds", async (t) => {
  const { clock, rejections, client } = fixture(t);
  const { end, peer } = await client();
  rejections.reject(end, from("192.0.2.7"), LISTENER, "no room");
  await peer.rest();
  clock.advance(REASON_MS - 1);
  assert.equal(end.gone, false);
  await until(() => {
    clock.advance(REASON_MS);
    return end.gone;
  }, "it to be cut");
});

test("of many clients at once only sixteen are told; each that leaves makes room for another", async (t) => {
  const { rejections, client } = fixture(t);
  const all = await Promise.all(Array.from({ length: MAX_CLOSING }, client));
  for (const { end } of all) rejections.reject(end, from("192.0.2.7"), LISTENER, "no room");
  const surplus = await client();
  rejections.reject(surplus.end, from("192.0.2.7"), LISTENER, "no room");
  assert.equal(surplus.end.gone, true);
  assert.equal(await surplus.peer.rest(), "");
  const [first] = all;
  assert.equal(await first?.peer.rest(), "ERR no room\n");
  first?.peer.end();
  await until(() => first?.end.gone === true, "the first to leave");
  const next = await client();
  rejections.reject(next.end, from("192.0.2.7"), LISTENER, "no room");
  assert.equal(await next.peer.rest(), "ERR no room\n");
});

test("the log mentions each address once a minute, with the number of the others", (t) => {
  const { clock, log, rejections } = fixture(t);
  for (const address of ["192.0.2.7", "192.0.2.8", "192.0.2.7", "192.0.2.7"]) {
    rejections.mention(from(address), LISTENER, "no room");
  }
  rejections.mention(sharedOrigin("mux port 1"), LISTENER, "leads back to itself");
  clock.advance(60_000);
  rejections.mention(from("192.0.2.7"), LISTENER, "no room");
  assert.deepEqual(log.lines, [
    "WARN [- 192.0.2.7 > -] rejected by direct port 7: no room",
    "WARN [- 192.0.2.8 > -] rejected by direct port 7: no room",
    "WARN [- a shared link > -] rejected by direct port 7: leads back to itself",
    "WARN [- 192.0.2.7 > -] rejected by direct port 7: no room; 2 more since the last such line",
  ]);
});
