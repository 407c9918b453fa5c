import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointKey } from "#src/core/net/proc-net-tcp.js";
import { CERTAIN_ROOM } from "#src/core/park/write-budget.js";
import { systemClock } from "#src/system/clock.js";
import { SocketTable } from "#src/system/socket-table.js";
import type { Client } from "../support/net.js";
import { PARKING_NTFY, parkingScene } from "../support/parking.js";
import { until } from "../support/wait.js";

/** Waits until the kernel of a client that does not read holds all that the daemon gives it. */
async function kernelFull({ socket }: Client): Promise<void> {
  const table = new SocketTable(systemClock);
  const client = endpointKey(socket.localAddress ?? "", socket.localPort ?? 0);
  const daemon = endpointKey(socket.remoteAddress ?? "", socket.remotePort ?? 0);
  await until(async () => (await table.row(client, daemon))?.unread === CERTAIN_ROOM, "a stall");
}

test("what the kernel of a plugin has not acknowledged comes again, and nothing twice", async (t) => {
  const { device, plugin, parked } = await parkingScene(t);
  const [first] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  first.socket.pause();
  const remote = await device.client();
  const all = Buffer.alloc(250_000);
  for (let at = 0; at < all.length; at += 4) all.writeUInt32LE(at, at);
  remote.write(all);
  await kernelFull(first);
  const had = first.bytes.length + first.socket.readableLength + CERTAIN_ROOM;
  first.reset();
  await parked();
  const [second, reply] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  assert.equal(reply, `p1 PARKED ${all.length - had}`);
  await until(() => second.bytes.length >= all.length - had, "the rest");
  assert.ok(second.bytes.equals(all.subarray(had)));
});

test("a plugin that only ends its sending side reads on to what its kernel has, and the connection is parked", async (t) => {
  const { device, plugin, parked } = await parkingScene(t);
  const [first] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  const remote = await device.client();
  remote.write("before");
  assert.equal(await first.take(6), "before");
  first.end();
  assert.equal(await first.rest(), "");
  await parked();
  assert.equal(remote.ended, false);
  remote.write("after");
  const [second, reply] = await plugin(`PARK=60 ${PARKING_NTFY}`);
  assert.match(reply, /^p1 PARKED \d$/);
  assert.equal(await second.take(5), "after");
});

test("when the time is over behind the end of the device, what it said is gone, and the plugin is told", async (t) => {
  const { luup, device, daemon, plugin } = await parkingScene(t);
  const [first] = await plugin(`PARK=6 ${PARKING_NTFY}`);
  const remote = await device.client();
  first.destroy();
  await until(() => daemon.log().includes("parked for"), "the parking");
  remote.write("bye");
  remote.reset();
  await until(() => luup.arrivals.length === 1, "the final notification");
  assert.match(daemon.log(), /reset by remote .*not back within 6.0 s \(PARK\)/);
});
