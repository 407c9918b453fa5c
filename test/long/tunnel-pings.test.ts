// The commands that sockproxyd has added to the tunnel protocol: PING, PONG, PAUSE, RESUME (docs/tunnel.md).
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Client } from "../support/net.js";
import { faults } from "../support/process.js";
import { CLOSE, DATA, type Frame, frame, HELLO, PAUSE, PING, PONG, RESUME, ScriptedDevice } from "../support/tunnel.js";
import { startServer, type TunnelServer } from "../support/tunnels.js";
import { pause, until } from "../support/wait.js";

const PIECE = Buffer.alloc(60_000, "p");

/** Starts a server with a device that answers pings, and has answered its first one. */
async function start(t: TestContext, options = "") {
  const server = await startServer(t, ["10.41.51.152:23"], { options });
  const device = await ScriptedDevice.open(server.port);
  t.after(() => device.client.destroy());
  device.send(PING, 0);
  for (const command of [PONG, PING]) await device.expect(command, 0);
  device.send(PONG, 0);
  await server.listens();
  return { server, device };
}

/** Asserts that a client gets through and that the log has no fault. */
async function goesOn(server: TunnelServer, device: ScriptedDevice): Promise<void> {
  const client = await Client.open(server.hosts[0] ?? 0);
  await device.connect();
  client.write("hello");
  assert.equal((await device.expect(DATA, 0)).toString(), "hello");
  assert.deepEqual(faults(server.daemon.log()), []);
  client.destroy();
}

/** Takes frames until none come. */
async function framesAtHand(device: ScriptedDevice): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (;;) {
    const next = await device.frame(500).catch(() => undefined);
    if (next === undefined) return frames;
    frames.push(next);
  }
}

describe("pings", { concurrency: 4 }, () => {
  test("a device that sends one is answered, and asked in its turn; it gets little before it has answered", async (t) => {
    const server = await startServer(t, ["10.41.51.152:23"]);
    const device = await ScriptedDevice.open(server.port);
    t.after(() => device.client.destroy());
    device.send(PING, 0);
    device.send(PING, 7, "whatever");
    assert.equal((await device.frame()).command, HELLO);
    const answers = [await device.frame(), await device.frame(), await device.frame()];
    assert.deepEqual(answers.map(({ command }) => command).sort(), [PING, PONG, PONG]);
    assert.equal(answers[0]?.command, PONG);
    await server.listens();
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    client.write(Buffer.alloc(200_000));
    const count = (await framesAtHand(device)).reduce((sum, { payload }) => sum + payload.length, 0);
    assert.ok(count <= 20_480, `${count} bytes`);
    client.destroy();
  });

  test("a device that sends none sees none, and has no limit", async (t) => {
    const server = await startServer(t, ["10.41.51.152:23"]);
    const device = await ScriptedDevice.open(server.port);
    t.after(() => device.client.destroy());
    await server.listens();
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    client.write(Buffer.alloc(2_000_000));
    for (let count = 0; count < 2_000_000; ) count += (await device.expect(DATA, 0)).length;
    client.destroy();
  });

  test("the window limits the bytes in flight until the device answers", async (t) => {
    const { server, device } = await start(t);
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    client.write(Buffer.alloc(1_000_000, "x"));
    const first = await framesAtHand(device);
    const bytes = (frames: Frame[]): number => frames.reduce((sum, { payload }) => sum + payload.length, 0);
    assert.ok(bytes(first) >= 12_000 && bytes(first) <= 20_480, `${bytes(first)} bytes under way`);
    assert.equal(first.at(-1)?.command, PING, "else nothing would go on");
    let count = bytes(first);
    for (const { command } of first) if (command === PING) device.send(PONG, 0);
    while (count < 1_000_000) {
      const { command, payload } = await device.frame();
      if (command === PING) device.send(PONG, 0);
      count += payload.length;
    }
    assert.equal(count, 1_000_000);
    client.destroy();
  });

  test("unsolicited pongs are ignored", async (t) => {
    const { server, device } = await start(t);
    device.write(Buffer.concat(Array.from({ length: 10_000 }, () => frame(PONG, 0))));
    await goesOn(server, device);
  });

  test("a hanging device is found, though its kernel accepts bytes: it does not answer pings", async (t) => {
    const { server, device } = await start(t, "HLTH=1");
    const client = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    assert.equal(await client.rest(10_000), "");
    await device.ended();
    await until(() => /link lost: silent for [3-5] s/.test(server.daemon.log()), "the reason", 10_000);
    await server.listens(false);
    client.destroy();
  });

  test("a device that does not know pings may be silent for as long as it likes", async (t) => {
    const server = await startServer(t, ["10.41.51.152:23"], { options: "HLTH=1" });
    const device = await ScriptedDevice.open(server.port);
    t.after(() => device.client.destroy());
    for (let probe = 0; probe < 3; probe += 1) {
      const { command, id } = await device.frame(6000); // a probe, and a question to the kernel, a second each
      assert.deepEqual({ command, id }, { command: CLOSE, id: 255 }, "not the next client's number");
    }
    assert.equal((await server.status()).links, 1);
    await server.listens();
  });

  test("one that answers is not lost", async (t) => {
    const { server, device } = await start(t, "HLTH=1");
    for (let probe = 0; probe < 4; probe += 1) {
      await device.expect(PING, 0);
      device.send(PONG, 0);
    }
    assert.equal((await server.status()).links, 1);
    await server.listens();
  });

  test("nor is one whose answers wait behind what a client does not read", async (t) => {
    const { server, device } = await start(t, "HLTH=1 STAL=6");
    const client = await Client.open(server.hosts[0] ?? 0);
    client.socket.pause();
    await device.connect();
    for (let sent = 0; sent < 100_000_000; sent += 60_000) device.send(DATA, 0, Buffer.alloc(60_000));
    await device.closes(0, 15_000);
    device.send(PING, 0);
    await device.expect(PONG, 0);
    assert.equal((await server.status()).links, 1);
    client.destroy();
  });

  test("a device that asks and does not read the answers is given up before they fill the memory", async (t) => {
    const { server, device } = await start(t);
    device.client.socket.pause();
    const many = Buffer.concat(Array.from({ length: 250_000 }, () => frame(PING, 0)));
    const givenUp = (): boolean => {
      if (!device.client.closed && device.client.socket.writableLength < many.length) device.write(many);
      return server.daemon.log().includes("link lost: the other side does not read");
    };
    await until(givenUp, "the link to be given up", 20_000);
    await server.listens(false);
  });
});

describe("numbers of clients", { concurrency: 2 }, () => {
  test("one is not given to another client before the device has confirmed its end, however long that takes", async (t) => {
    const { server, device } = await start(t);
    const first = await Client.open(server.hosts[0] ?? 0);
    await device.connect();
    first.reset();
    await device.closes(0);
    await pause(2500);
    const second = await Client.open(server.hosts[0] ?? 0);
    assert.equal((await device.connect()).id, 1);
    device.send(DATA, 0, "for the first");
    device.send(CLOSE, 0);
    device.send(DATA, 1, "for the second");
    assert.equal(await second.take(14), "for the second");
    await Client.open(server.hosts[0] ?? 0);
    assert.equal((await device.connect()).id, 0);
  });

  test("with none but unconfirmed ones left, a client is refused, and gets nobody else's bytes", async (t) => {
    const { server, device } = await start(t);
    const clients: Client[] = [];
    for (let id = 0; id < 256; id += 1) clients.push(await Client.open(server.hosts[0] ?? 0));
    await until(async () => (await server.status()).link?.clients === 256, "all of them");
    clients[7]?.reset();
    await until(async () => (await server.status()).link?.clients === 255, "one to be gone");
    const surplus = await Client.open(server.hosts[0] ?? 0).catch(() => undefined); // it may be reset at once
    await until(async () => (await server.status()).refused === 1, "the next one to be refused");
    device.send(CLOSE, 7);
    await until(async () => (await server.status()).link?.clients === 255, "it to be confirmed");
    surplus?.destroy();
    for (const client of clients) client.destroy();
  });
});

/** Sends to a client that does not read until the server asks to hold back for it. */
async function fillUp(device: ScriptedDevice, id: number): Promise<number> {
  for (let sent = 0; ; sent += PIECE.length) {
    assert.ok(sent < 20_000_000, "it is not told to hold back");
    device.send(DATA, id, PIECE);
    const next = await device.frame(20).catch(() => undefined);
    if (next === undefined) continue;
    assert.deepEqual([next.command, next.id], [PAUSE, id]);
    return sent + PIECE.length;
  }
}

describe("clients that are held", { concurrency: 3 }, () => {
  test("one that does not read: the device is told, the others go on, it is not closed, and gets everything", async (t) => {
    const { server, device } = await start(t, "STAL=1");
    const [slow, other] = [await Client.open(server.hosts[0] ?? 0), await Client.open(server.hosts[0] ?? 0)];
    slow.socket.pause();
    for (const _ of [slow, other]) await device.connect();
    const sent = await fillUp(device, 0);
    for (let round = 0; round < 15; round += 1) {
      device.send(DATA, 1, "on");
      assert.equal(await other.take(2), "on");
      await pause(100);
    }
    slow.socket.resume();
    await device.expect(RESUME, 0);
    device.send(DATA, 0, "the rest");
    await until(() => slow.bytes.length >= sent + 8, "all of it");
    assert.equal(slow.bytes.length, sent + 8);
    assert.equal(slow.bytes.toString("latin1", sent), "the rest");
    assert.equal((await server.status()).stalled, 0);
    for (const client of [slow, other]) client.destroy();
  });

  test("a device that does not hold back: the link waits, and then the client is closed", async (t) => {
    const { server, device } = await start(t, "STAL=1");
    const client = await Client.open(server.hosts[0] ?? 0);
    client.socket.pause();
    await device.connect();
    await fillUp(device, 0);
    for (let sent = 0; sent < 100_000_000; sent += PIECE.length) device.send(DATA, 0, PIECE);
    await device.closes(0, 10_000);
    assert.equal((await server.status()).stalled, 1);
    assert.equal((await server.status()).links, 1);
    client.destroy();
  });

  test("one of the device's: nothing more is sent for it until it may, whatever there is; the others go on", async (t) => {
    const { server, device } = await start(t);
    const [held, other] = [await Client.open(server.hosts[0] ?? 0), await Client.open(server.hosts[0] ?? 0)];
    for (const _ of [held, other]) await device.connect();
    device.send(PAUSE, 0);
    device.send(DATA, 1, "!"); // behind it
    await other.take(1);
    held.write(Buffer.alloc(100_000, "h"));
    held.end();
    other.write("o");
    assert.deepEqual((await device.expect(DATA, 1)).toString(), "o");
    assert.deepEqual(await framesAtHand(device), []);
    device.send(RESUME, 0);
    let count = 0;
    while (count < 100_000) {
      const { command, id, payload } = await device.frame();
      if (command === PING) device.send(PONG, 0);
      else assert.deepEqual([command, id], [DATA, 0]);
      count += payload.length;
    }
    for (const client of [held, other]) client.destroy();
  });

  test("PAUSE and RESUME of clients that are not there mean nothing", async (t) => {
    const { server, device } = await start(t);
    for (const command of [PAUSE, RESUME, RESUME, PAUSE]) device.send(command, 0, "whatever");
    await goesOn(server, device);
  });
});
