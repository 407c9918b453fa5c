// The daemon as tunnel server with resume=; the test scripts the device byte by byte.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client } from "../../support/net.js";
import { faults } from "../../support/process.js";
import { isListening } from "../../support/proxy-process.js";
import { Random } from "../../support/random.js";
import {
  ACK,
  CLOSE,
  CONNECT,
  connectPayload,
  DATA,
  frame,
  HELLO,
  LISTEN,
  PING,
  PONG,
  ScriptedDevice,
  SESSION,
  sessionOf,
  sessionPayload,
} from "../../support/tunnel.js";
import { startServer, type TunnelServer } from "../../support/tunnels.js";
import { until } from "../../support/wait.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const SERVICE = "10.41.51.152:23";
const CONNECTED = frame(CONNECT, 0, connectPayload("10.41.51.152", 23));

/** A device that has said LISTEN and has a session. What either side sends from now on counts. */
async function linked(server: TunnelServer): Promise<{ device: ScriptedDevice; id: Buffer; ms: number }> {
  const device = await ScriptedDevice.open(server.port);
  device.send(PING, 0);
  await device.expect(PONG, 0);
  await device.expect(PING, 0);
  device.send(HELLO, 0, "session tricks");
  const { id, received, ms } = sessionOf(await device.expect(SESSION, 0));
  assert.equal(received, 0);
  assert.ok(!isListening(server.hosts[0] ?? 0), "no client comes before a cut would spare it");
  device.send(SESSION, 0, sessionPayload(id, 0, ms));
  await server.listens();
  return { device, id, ms };
}

/** Connects anew to go on with a session; returns what the server has received. */
async function goOn(server: TunnelServer, id: Buffer, received: number): Promise<[ScriptedDevice, number]> {
  const device = await ScriptedDevice.open(server.port, { silent: true });
  device.send(SESSION, 0, sessionPayload(id, received, 0));
  const answer = sessionOf(await device.expect(SESSION, 0));
  assert.deepEqual(answer.id, id);
  return [device, answer.received];
}

describe("sessions on the server", { concurrency: 4 }, () => {
  test("a client stays, new ones wait; the next connection goes on at the byte, in the middle of a frame", async (t) => {
    const server = await startServer(t, [SERVICE], { options: "RSUM=20" });
    const { device, id, ms } = await linked(server);
    assert.equal(ms, 20_000);
    const first = await Client.open(server.hosts[0] ?? 0);
    first.write("hello");
    await device.connect();
    assert.equal(await device.data(0, 5), "hello");
    const sent = frame(DATA, 0, "answer");
    device.write(sent.subarray(0, 7)); // three bytes of the answer
    device.client.end(); // FIN comes behind them
    await until(async () => (await server.status()).link?.resuming === true, "the link to wait");
    assert.equal((await server.status()).reason, "link lost: by remote; 1 client waits up to 20 s");
    const second = await Client.open(server.hosts[0] ?? 0);
    second.write("me, too");
    first.write(", again");
    const heard = CONNECTED.length + 4 + 2; // of the CONNECT and two bytes of hello
    const [next, received] = await goOn(server, id, heard);
    const rest = frame(DATA, 0, "hello").subarray(6);
    assert.ok(received <= 7, `${received}`);
    next.write(sent.subarray(received));
    assert.equal(await first.take(6), "answer");
    assert.equal(await next.client.take(rest.length), rest.toString("latin1"));
    const frames = [await next.frame(), await next.frame(), await next.frame()].map(
      ({ command, id: client, payload }) => (command === CONNECT ? `connect ${client}` : `${client}: ${payload}`),
    );
    assert.deepEqual(frames.sort(), ["0: , again", "1: me, too", "connect 1"]);
    const status = await server.status();
    assert.deepEqual([status.links, status.resumed, status.link?.clients], [1, 1, 2]);
    assert.deepEqual([status.absentMs, status.reason], [undefined, undefined]);
    const log = server.daemon.log();
    assert.match(log, /link lost: by remote; 1 client waits up to 20 s/);
    assert.match(log, /link resumed after [\d.]+ s, 2 clients go on/);
    assert.doesNotMatch(log, new RegExp(id.toString("hex")));
    assert.deepEqual(faults(log), []);
  });

  test("a device that comes back before the server has seen a loss is served at once, and is no other device", async (t) => {
    const server = await startServer(t, [SERVICE], { options: "RSUM=20" });
    const { device, id } = await linked(server);
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    let latest = device;
    for (let count = 0; count < 5; count += 1) {
      const former = latest;
      [latest] = await goOn(server, id, CONNECTED.length);
      await former.ended();
    }
    latest.send(DATA, 0, "still here");
    assert.equal(await client.take(10), "still here");
    const { links, replaced, resumed } = await server.status();
    assert.deepEqual({ links, replaced, resumed }, { links: 1, replaced: 0, resumed: 5 });
    assert.doesNotMatch(server.daemon.log(), /replace/);
  });

  test("when the time is over everybody is closed, and the ports are", async (t) => {
    const server = await startServer(t, [SERVICE], { options: "RSUM=0.3" });
    const { device, id } = await linked(server);
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    device.client.reset();
    await until(() => client.closed || client.ended, "the client to be closed", 10_000);
    await server.listens(false);
    assert.match(server.daemon.log(), /link lost: .*; no other connection within 0.3 s/);
    const late = await ScriptedDevice.open(server.port, { silent: true });
    late.send(SESSION, 0, sessionPayload(id, 0, 0));
    assert.equal((await late.expect(SESSION, 0)).length, 0, "the server knows nothing of it");
    late.send(LISTEN, 0);
    await server.listens(); // it may go on as any device
  });

  test("another device, or the same one without its session, ends it at once; so does one that says a wrong id", async (t) => {
    const server = await startServer(t, [SERVICE], { options: "RSUM=20" });
    const { device, id } = await linked(server);
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    device.client.reset();
    const wrong = await ScriptedDevice.open(server.port, { silent: true });
    wrong.send(SESSION, 0, sessionPayload(Buffer.from(id).reverse(), 0, 0));
    assert.equal((await wrong.expect(SESSION, 0)).length, 0);
    assert.equal(client.closed || client.ended, false, "a stranger with a wrong id ends nothing");
    wrong.send(LISTEN, 0);
    await until(() => client.closed || client.ended, "the client to be closed", 10_000);
    await server.listens();
  });

  test("without HELLO, or without resume=, a device sees no SESSION, and a link that is lost is the end", async (t) => {
    for (const [options, hello] of [
      ["RSUM=20", ""],
      ["", "session"],
    ] as const) {
      const server = await startServer(t, [SERVICE], { options });
      const device = await ScriptedDevice.open(server.port);
      if (hello !== "") device.send(HELLO, 0, hello);
      await server.listens();
      const client = await Client.open(server.hosts[0] ?? 0);
      await device.connect();
      device.send(CLOSE, 9);
      device.send(DATA, 0, "!");
      assert.equal(await client.take(1), "!");
      assert.equal(device.client.bytes.length, 0, "no further frame");
      device.client.reset();
      await until(() => client.closed || client.ended, "the client to be closed", 10_000);
      await server.listens(false);
    }
  });

  test("a device that lies about what has come loses its clients, and may come again", async (t) => {
    const server = await startServer(t, [SERVICE], { options: "RSUM=20" });
    for (const lie of ["acknowledges", "has received"]) {
      const { device, id } = await linked(server);
      const client = await Client.open(server.hosts[0] ?? 0);
      await device.connect();
      const offset = Buffer.alloc(8, 0);
      offset.writeBigUInt64BE(2n ** 40n);
      if (lie === "acknowledges") device.send(ACK, 0, offset);
      else {
        const again = await ScriptedDevice.open(server.port, { silent: true });
        again.send(SESSION, 0, sessionPayload(id, 2 ** 40, 0));
        await again.ended();
      }
      await device.ended();
      await until(() => client.closed || client.ended, "the client to be closed", 10_000);
      await until(async () => (await server.status()).link === undefined, "the link to be over");
    }
    assert.deepEqual(faults(server.daemon.log()), []);
  });

  test("frames of a session at any time, whole or not, harm nobody else", async (t) => {
    const random = new Random(SEED);
    const server = await startServer(t, [SERVICE], { options: "RSUM=20" });
    for (let round = 0; round < 5; round += 1) {
      // more would be taken for two devices that replace each other
      const peer = random.chance(0.5)
        ? (await linked(server)).device
        : await ScriptedDevice.open(server.port, { silent: random.chance(0.5) });
      for (let count = 0; count < 40; count += 1) {
        const bytes = Buffer.from(Array.from({ length: random.pick([0, 7, 8, 28, 40]) }, () => random.between(0, 255)));
        peer.send(random.pick([ACK, SESSION, HELLO, LISTEN, PING]), 0, random.chance(0.1) ? "session" : bytes);
      }
      if (random.chance(0.5)) peer.client.reset();
      else peer.client.end();
      await peer.ended();
    }
    const { device } = await linked(server);
    const client = await Client.open(server.hosts[0] ?? 0);
    client.write("fine");
    await device.connect();
    assert.equal(await device.data(0, 4), "fine");
    assert.deepEqual(faults(server.daemon.log()), [], `seed ${SEED}`);
  });
});
