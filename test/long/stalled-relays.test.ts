// Plugins and devices that do not read.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  destroyAfter,
  type Flooded,
  growth,
  MIB,
  mib,
  Pump,
  readTape,
  serveDuring,
  startFlooded,
  stopFlooded,
} from "../support/flood.js";
import { type Client, Device, relayed } from "../support/net.js";
import { pause } from "../support/wait.js";

let flooded: Flooded;
let { daemon, echo } = {} as Flooded;
before(async () => {
  flooded = await startFlooded();
  ({ daemon, echo } = flooded);
});
after(() => stopFlooded(flooded));

test("plugins and devices that never read stall their writers; nothing is lost, and it costs no memory", async (t) => {
  const device = await Device.open();
  const readers: Client[] = [];
  const writers: Client[] = [];
  for (let n = 0; n < 20; n += 1) {
    const { client, remote } = await relayed(daemon.port, device);
    const pair = n % 2 === 0 ? [client, remote] : [remote, client];
    readers.push(pair[0] as Client);
    writers.push(pair[1] as Client);
  }
  destroyAfter(t, [...readers, ...writers]);
  for (const { socket } of readers) socket.pause();
  let pumps: Pump[] = [];
  const grown = await growth(daemon, async () => {
    pumps = writers.map(({ socket }) => new Pump(socket));
    await Promise.all(pumps.map((pump) => pump.stalled()));
  });
  const written = pumps.reduce((sum, pump) => sum + pump.written, 0);
  t.diagnostic(`stalled after ${mib(written)}; the daemon's memory grew by ${mib(grown)} at most`);
  assert.ok(grown < 32 * MIB, mib(grown));
  // longer than the limits of a connection that closes, and than it takes to look for clients that are not read
  const worst = await serveDuring(daemon, echo.port, pause(7000));
  t.diagnostic(`others served within ${worst.toFixed(0)} ms`);
  assert.ok(worst < 6000, `${worst} ms`); // one who is held up waits for all of the 7 s
  assert.ok(writers.every(({ closed, ended }) => !closed && !ended));
  const reading = readers.map(readTape);
  for (const pump of pumps) pump.end();
  assert.deepEqual(
    await Promise.all(reading),
    pumps.map((pump) => pump.written),
  );
  device.close();
});
