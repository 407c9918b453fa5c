// A tunnel server with many clients: ids, and clients that do not read.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client } from "../../support/net.js";
import { faults } from "../../support/process.js";
import { CLOSE, DATA, MOST, ScriptedDevice } from "../../support/tunnel.js";
import { startServer, type TunnelServer } from "../../support/tunnels.js";
import { pause, quietFor, until } from "../../support/wait.js";

const MOST_CLIENTS = 256;
const CONFIRMED_WITHIN_MS = 2000;

async function open(server: TunnelServer): Promise<Client> {
  return Client.open(server.hosts[0] ?? 0);
}

/** Waits until the server has read all frames of the device so far, by way of a connected client. */
async function readSoFar(device: ScriptedDevice, id: number, client: Client): Promise<void> {
  device.send(DATA, id, "!");
  assert.equal(await client.take(1), "!");
}

async function start(...[t, options]: [Parameters<typeof startServer>[0], string?]) {
  const server = await startServer(t, ["10.41.51.152:23"], { options: options ?? "" });
  const device = await ScriptedDevice.open(server.port);
  await server.listens();
  return { server, device };
}

describe("clients of the server's side", { concurrency: 4 }, () => {
  test("a new client gets the lowest free id, which is free again once the device has confirmed", async (t) => {
    const { server, device } = await start(t);
    const clients: Client[] = [];
    for (const id of [0, 1, 2, 3]) {
      clients.push(await open(server));
      assert.equal((await device.connect()).id, id);
    }
    const [zero, one, two] = clients as [Client, Client, Client, Client];
    one.reset();
    await device.closes(1);
    const unconfirmed = performance.now();
    const four = await open(server);
    assert.equal((await device.connect()).id, 4, "1 is not confirmed");
    assert.ok(performance.now() - unconfirmed < CONFIRMED_WITHIN_MS, "too slow a machine for this test");
    device.send(CLOSE, 1);
    await readSoFar(device, 4, four);
    await open(server);
    assert.equal((await device.connect()).id, 1);
    device.send(CLOSE, 2);
    assert.equal(await two.rest(), "");
    two.destroy();
    await readSoFar(device, 0, zero);
    await open(server);
    assert.equal((await device.connect()).id, 2, "closed by the device, 2 is free at once");
  });

  test("without being confirmed, an id is free again after two seconds", async (t) => {
    const { server, device } = await start(t);
    const first = await open(server);
    await device.connect();
    first.reset();
    await device.closes(0);
    const since = performance.now();
    await open(server);
    assert.equal((await device.connect()).id, 1);
    await pause(CONFIRMED_WITHIN_MS + 400 - (performance.now() - since));
    await open(server);
    assert.equal((await device.connect()).id, 0);
  });

  test("256 clients at once; the 257th is closed with a log line, and no id is taken over", async (t) => {
    const { server, device } = await start(t);
    const clients: Client[] = [];
    for (let id = 0; id < MOST_CLIENTS; id += 1) clients.push(await open(server));
    const ids = new Set<number>();
    for (const _ of clients) ids.add((await device.connect()).id);
    assert.equal(ids.size, MOST_CLIENTS);
    const before = server.daemon.log().length;
    const surplus = await open(server).catch((error: NodeJS.ErrnoException) => {
      assert.equal(error.code, "ECONNRESET"); // before it could see that it was connected
    });
    assert.equal((await surplus?.rest(10_000)) ?? "", "");
    surplus?.destroy();
    await until(() => /256|client/.test(server.daemon.log().slice(before)), "a log line", 10_000);
    assert.equal((await server.status()).link?.clients, MOST_CLIENTS);
    assert.ok((await server.status()).refused >= 1);
    for (const id of [0, 100, 255]) {
      device.send(DATA, id, `to ${id}`);
      const text = `to ${id}`;
      await until(() => clients.some((client) => client.bytes.toString() === text), `${text} to arrive`);
    }
    assert.ok(clients.every((client) => !client.closed && !client.ended));
    device.send(CLOSE, 77);
    await until(() => clients.some((client) => client.ended), "one client to be closed");
    for (const client of clients) if (client.ended) client.destroy();
    await open(server);
    assert.equal((await device.connect()).id, 77);
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("a client that never reads is closed after STAL; the others go on", async (t) => {
    const { server, device } = await start(t, "STAL=1");
    const [stalled, other] = [await open(server), await open(server)];
    stalled.socket.pause();
    for (const _ of [0, 1]) await device.connect();
    const since = performance.now();
    const piece = Buffer.alloc(MOST, "x");
    for (let sent = 0; sent < 40_000_000; sent += MOST) device.send(DATA, 0, piece);
    device.send(DATA, 1, "still here");
    assert.equal(await other.take(10), "still here");
    assert.ok(performance.now() - since < 10_000, `the other waited ${performance.now() - since} ms`);
    await device.closes(0, 3000);
    assert.equal((await server.status()).stalled, 1);
    assert.match(server.daemon.log(), /WARN +\[tunnel \d+ < [^\]]*\] client 0 closed: it does not read/);
    other.write("me too");
    assert.equal(await device.data(1, 6), "me too");
    stalled.destroy();
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("a client that reads slowly is not closed", async (t) => {
    const { server, device } = await start(t, "STAL=1");
    const slow = await open(server);
    await device.connect();
    slow.socket.pause();
    const length = 30_000_000;
    const piece = Buffer.alloc(60_000, "x");
    for (let sent = 0; sent < length; sent += piece.length) device.send(DATA, 0, piece);
    device.send(CLOSE, 0);
    let count = 0;
    slow.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
      count += chunk.length;
    });
    while (!slow.ended && !slow.closed) {
      const goal = count + 6_000_000;
      slow.socket.resume();
      await until(() => count >= goal || slow.ended || slow.closed, "some of it");
      if (slow.ended) break;
      slow.socket.pause();
      await pause(300);
    }
    assert.equal(count, length);
    assert.equal((await server.status()).stalled, 0);
  });

  test("a device that does not read delays its clients only as long as it does not read", async (t) => {
    const { server, device } = await start(t);
    const client = await open(server);
    await device.connect();
    device.client.socket.pause();
    const length = 16_000_000;
    let sent = false;
    client.socket.write(Buffer.alloc(length, "y"), () => {
      sent = true;
    });
    await quietFor(300);
    assert.ok(!sent, "the daemon took all of it");
    let count = 0;
    device.client.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
      count += chunk.length;
    });
    device.client.socket.resume();
    await until(() => sent && count >= length, "all of it");
    assert.equal((await server.status()).link?.clients, 1);
  });

  test("clients that come and go in a flood leave nothing behind", async (t) => {
    const { server, device } = await start(t);
    for (let round = 0; round < 10; round += 1) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => open(server)));
      for (const _ of clients) device.send(CLOSE, (await device.connect()).id);
      for (const client of clients) {
        await client.rest();
        client.destroy();
      }
    }
    await until(async () => (await server.status()).link?.clients === 0, "no client to be left");
    assert.deepEqual(faults(server.daemon.log()), []);
  });
});
