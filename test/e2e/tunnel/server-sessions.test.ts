// The daemon as tunnel server with resume=; the test scripts the device byte by byte.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client } from "../../support/net.js";
import { faults } from "../../support/process.js";
import {
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

const SERVICE = "10.41.51.152:23";
const CONNECTED = frame(CONNECT, 0, connectPayload("10.41.51.152", 23));

/** A device that has a session and has said LISTEN. What the server sends from now on counts; of the device's, LISTEN does. */
async function linked(server: TunnelServer): Promise<{ device: ScriptedDevice; id: Buffer; ms: number }> {
  const device = await ScriptedDevice.open(server.port, { silent: true });
  device.send(PING, 0);
  await device.expect(PONG, 0);
  await device.expect(PING, 0);
  device.send(HELLO, 0, "session tricks");
  const { id, received, ms } = sessionOf(await device.expect(SESSION, 0));
  assert.equal(received, 0);
  device.send(SESSION, 0, sessionPayload(id, 0, ms));
  device.send(LISTEN, 0);
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
    const sent = Buffer.concat([frame(LISTEN, 0), frame(DATA, 0, "answer")]);
    device.write(sent.subarray(4, 11)); // three bytes of the answer
    device.client.end(); // FIN comes behind them
    await until(async () => (await server.status()).link?.resuming === true, "the link to wait");
    const second = await Client.open(server.hosts[0] ?? 0);
    second.write("me, too");
    first.write(", again");
    const heard = CONNECTED.length + 4 + 2; // of the CONNECT and two bytes of hello
    const [next, received] = await goOn(server, id, heard);
    const rest = frame(DATA, 0, "hello").subarray(6);
    assert.ok(received >= 4 && received <= 11, `${received}`);
    next.write(sent.subarray(received));
    assert.equal(await first.take(6), "answer");
    assert.equal(await next.client.take(rest.length), rest.toString("latin1"));
    const frames = [await next.frame(), await next.frame(), await next.frame()].map(
      ({ command, id: client, payload }) => (command === CONNECT ? `connect ${client}` : `${client}: ${payload}`),
    );
    assert.deepEqual(frames.sort(), ["0: , again", "1: me, too", "connect 1"]);
    const status = await server.status();
    assert.deepEqual([status.links, status.resumed, status.link?.clients], [1, 1, 2]);
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
    await until(() => client.closed || client.ended, "the client to be closed", 3000);
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
    await until(() => client.closed || client.ended, "the client to be closed", 3000);
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
      await until(() => client.closed || client.ended, "the client to be closed", 3000);
      await server.listens(false);
    }
  });
});
