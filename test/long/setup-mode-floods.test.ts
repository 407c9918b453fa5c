// Clients that flood setup mode. None of them delays others or costs much memory.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  destroyAfter,
  type Flooded,
  growth,
  MIB,
  mib,
  Pump,
  serve,
  serveDuring,
  startFlooded,
  stopFlooded,
} from "../support/flood.js";
import { Client, Device, greet } from "../support/net.js";
import { descriptors } from "../support/process.js";
import { pause, until } from "../support/wait.js";

let flooded: Flooded;
let { daemon, echo, atRest } = {} as Flooded;
before(async () => {
  flooded = await startFlooded();
  ({ daemon, echo, atRest } = flooded);
});
after(() => stopFlooded(flooded));

test("lines without end are refused, their senders cut, and cost no memory", async (t) => {
  const clients = await Promise.all(Array.from({ length: 2 }, () => greet(daemon.port)));
  destroyAfter(
    t,
    clients.map(({ client }) => client),
  );
  const endless = Buffer.alloc(65_536, "STAT ");
  const grown = await growth(daemon, async () => {
    const pumps = clients.map(({ client }) => new Pump(client.socket, () => endless));
    for (const { client } of clients) assert.match(await client.line(), /^ERR LINE /);
    const worst = await serveDuring(
      daemon,
      echo.port,
      until(() => clients.every(({ client }) => client.closed), "all of them to be cut", 20_000),
    );
    t.diagnostic(`others served within ${worst.toFixed(0)} ms`);
    assert.ok(worst < 10_000, `${worst} ms`); // one who is held up waits until the senders are cut
    const written = pumps.reduce((sum, pump) => sum + pump.written, 0);
    t.diagnostic(`cut after ${mib(written)}`);
    assert.ok(written < 64 * MIB, `${mib(written)} of nonsense have been read`); // most of it is in the kernel's buffers
  });
  t.diagnostic(`memory grew by ${mib(grown)}`);
  assert.ok(grown < 64 * MIB, mib(grown));
  await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed");
});

test("questions without end whose answers nobody reads are left waiting, and cost no memory", async (t) => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => greet(daemon.port)));
  destroyAfter(
    t,
    clients.map(({ client }) => client),
  );
  const flood = Buffer.from("STAT\nHELP\nCAPA\n".repeat(1000));
  const grown = await growth(daemon, async () => {
    for (const { client } of clients) client.socket.pause();
    const pumps = clients.map(({ client }) => new Pump(client.socket, () => flood));
    await Promise.all(pumps.map((pump) => pump.stalled()));
    await serve(daemon, echo.port); // has a limit of its own
  });
  t.diagnostic(`memory grew by ${mib(grown)}`);
  assert.ok(grown < 48 * MIB, mib(grown));
  for (const { client } of clients) client.reset();
  await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed");
});

test("a flood behind a CONN that hangs costs no memory", async (t) => {
  const silent = await Device.open(); // never answers a TLS handshake
  const clients = await Promise.all(Array.from({ length: 10 }, () => greet(daemon.port)));
  destroyAfter(
    t,
    clients.map(({ client }) => client),
  );
  const grown = await growth(daemon, async () => {
    for (const { client } of clients) {
      client.write(`CONN 127.0.0.1:${silent.port} PRTO=tls CTIM=4000\n`);
      new Pump(client.socket);
    }
    for (const { client } of clients) assert.match(await client.line(), /^ERR CONN [^\n]*timed out/);
  });
  t.diagnostic(`memory grew by ${mib(grown)}`);
  assert.ok(grown < 64 * MIB, mib(grown));
  silent.close();
});

// STAT takes a time that grows with the number of connections
for (const [command, times] of [
  ["STAT", 1000],
  ["BILD", 5000],
] as const) {
  test(`a client that says ${command} ${times} times at once, and reads, holds up nobody`, async (t) => {
    const idle = await Promise.all(Array.from({ length: 2000 }, () => Client.open(daemon.port)));
    const { client } = await greet(daemon.port);
    client.socket.removeAllListeners("data").resume();
    client.write(`${command}\n`.repeat(times));
    await pause(5);
    const ms = await serve(daemon, echo.port);
    t.diagnostic(`others served after ${ms.toFixed(0)} ms`);
    for (const each of [client, ...idle]) each.reset();
    assert.ok(ms < 10_000, `${ms} ms`);
  });
}

test("clients that are told goodbye and never close are let go", async () => {
  for (const line of ["QUIT\n", "NONSENSE\n", "CONN 127.0.0.1:9\n"]) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => greet(daemon.port)));
    for (const { client } of clients) client.write(line);
    for (const { client } of clients) await client.rest();
  }
  await until(() => descriptors(daemon) <= atRest, "the descriptors to be closed", 20_000);
});
