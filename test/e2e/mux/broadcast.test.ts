// MODE=broadcast: devices that send unsolicited data.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startMux, startMuxProcess } from "../../support/mux.js";
import { Client, Device } from "../../support/net.js";
import { rawDevice } from "../../support/raw-device.js";
import { Tape } from "../../support/tape.js";
import { pause, until } from "../../support/wait.js";

const MIB = 1_048_576;

/** A client that compares its bytes with those of the device. */
class Listener {
  readonly client: Client;
  readonly #tape: Tape;
  received = 0;
  wrongAt: number | undefined;

  constructor(client: Client, key: number) {
    this.client = client;
    this.#tape = new Tape(key);
    client.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
      if (this.wrongAt === undefined && !this.#tape.continuesWith(chunk)) this.wrongAt = this.received;
      this.received += chunk.length;
    });
  }
}

/** Sends so many bytes of the tape, no faster than these clients read. */
async function say(remote: Client, tape: Tape, bytes: number, heardBy: readonly Listener[]): Promise<void> {
  for (let said = 0; said < bytes; ) {
    const piece = Math.min(bytes - said, 100_000);
    remote.write(tape.take(piece));
    said += piece;
    await until(() => heardBy.every(({ received }) => received === said), "everybody to hear it");
  }
}

describe("broadcast", { concurrency: 4 }, () => {
  test("every byte of the device goes to every client, in order; a later client gets the later bytes", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const mux = await startMux(t, `127.0.0.1:${device.port} MODE=broadcast`);
    const clients = await Promise.all(Array.from({ length: 5 }, () => Client.open(mux.port)));
    const remote = await device.client(); // for a client that only listens, too
    await until(async () => (await mux.status()).clientCount === 5, "the clients");
    remote.write("no line");
    for (const client of clients) assert.equal(await client.take(7), "no line");
    const listeners = clients.map((client) => new Listener(client, 1));
    await say(remote, new Tape(1), 5 * MIB, listeners);
    for (const listener of listeners) assert.equal(listener.wrongAt, undefined);
    const late = await Client.open(mux.port);
    await until(async () => (await mux.status()).clientCount === 6, "one more client");
    remote.write("for you, too");
    assert.equal(await late.take(12), "for you, too");
    assert.equal(device.clients.length, 1);
  });

  test("a client that stops reading is dropped, the others see no gap", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const mux = await startMux(t, `127.0.0.1:${device.port} MODE=broadcast`);
    const clients = await Promise.all(Array.from({ length: 4 }, () => Client.open(mux.port)));
    const listeners = clients.map((client) => new Listener(client, 2));
    const remote = await device.client();
    await until(async () => (await mux.status()).clientCount === 4, "the clients");
    const [stuck, ...others] = listeners as [Listener, Listener, Listener, Listener];
    stuck.client.socket.pause();
    await say(remote, new Tape(2), 24 * MIB, others);
    for (const listener of others) assert.equal(listener.wrongAt, undefined);
    await until(async () => (await mux.status()).clientCount === 3, "the stuck one to be dropped");
    stuck.client.socket.resume();
    await until(() => stuck.client.ended || stuck.client.closed, "the stuck one's end");
    assert.equal(stuck.wrongAt, undefined, "what it has is a beginning");
    assert.equal(device.clients.length, 1);
  });

  test("a burst reaches all clients that read", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const mux = await startMux(t, `127.0.0.1:${device.port} MODE=broadcast`);
    const clients = await Promise.all(Array.from({ length: 5 }, () => Client.open(mux.port)));
    const listeners = clients.map((client) => new Listener(client, 3));
    const remote = await device.client();
    await until(async () => (await mux.status()).clientCount === 5, "the clients");
    const tape = new Tape(3);
    for (let n = 0; n < 100; n += 1) remote.write(tape.take(200_000));
    for (const listener of listeners) {
      await until(() => listener.received === tape.at || listener.client.ended, "every byte");
      assert.deepEqual([listener.received, listener.wrongAt], [tape.at, undefined]);
    }
  });

  test("clients' messages go up whole, one after another", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=echo MODE=broadcast`);
    const clients = await Promise.all(Array.from({ length: 3 }, () => Client.open(mux.port)));
    const remote = await device.client();
    await until(async () => (await mux.status()).clientCount === 3, "the clients");
    for (let n = 0; n < 20; n += 1) {
      for (const [_own, client] of clients.entries()) client.write(`message ${n} `);
      await pause(2);
      for (const [own, client] of clients.entries()) client.write(`of client ${own}\n`);
    }
    const lines: string[] = [];
    while (lines.length < 60) lines.push(await remote.line());
    for (const own of [0, 1, 2]) {
      assert.deepEqual(
        lines.filter((line) => line.endsWith(` ${own}`)),
        Array.from({ length: 20 }, (_, n) => `message ${n} of client ${own}`),
      );
    }
  });

  test("the device's answers go to all clients, and no request waits for them", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=echo MODE=broadcast TIME=0.3`);
    const [one, other] = [await Client.open(mux.port), await Client.open(mux.port)];
    const remote = await device.client();
    await until(async () => (await mux.status()).clientCount === 2, "the clients");
    one.write("arm\n");
    assert.equal(await remote.line(), "arm");
    await pause(700); // longer than TIME: no answer is due
    one.write("disarm\n");
    assert.equal(await remote.line(), "disarm");
    remote.write("done\n");
    for (const client of [one, other]) assert.equal(await client.line(), "done");
    assert.equal(device.clients.length, 1);
  });

  test("PROT=raw: bytes without framing go up as they were written", async (t) => {
    const device = await Device.open();
    t.after(() => device.close());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=raw MODE=broadcast`);
    const [one, other] = [await Client.open(mux.port), await Client.open(mux.port)];
    const remote = await device.client();
    const frame = Buffer.from("8800000123" + "0011223344556677", "hex"); // 13 bytes, as CAN gateways have them
    one.write(frame);
    assert.equal(await remote.take(13), frame.toString("latin1"));
    other.write(frame.fill(10, 5));
    assert.equal(await remote.take(13), frame.toString("latin1"));
    remote.write(frame);
    for (const client of [one, other]) assert.equal(await client.take(13), frame.toString("latin1"));
  });

  test("broadcast: a client that floods with short messages does not stop the daemon", async (t) => {
    const device = await rawDevice(t, {});
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} MODE=broadcast`);
    const client = await Client.open(mux.port);
    const lines = Buffer.alloc(262_144, 10);
    for (let n = 0; n < 8; n += 1) client.write(lines);
    let worst = 0;
    for (let n = 0; n < 20; n += 1) {
      const since = performance.now();
      await mux.status();
      worst = Math.max(worst, performance.now() - since);
      await pause(50);
    }
    assert.ok(worst < 10_000, `STAT takes ${Math.round(worst)} ms`);
  });

  test("broadcast: a closed client is released, though the device is silent", async (t) => {
    const device = await rawDevice(t, {});
    const mux = await startMux(t, `127.0.0.1:${device.port} MODE=broadcast`);
    for (let n = 0; n < 5; n += 1) {
      const client = await Client.open(mux.port);
      await until(async () => (await mux.status()).clientCount > 0, "the client");
      client.socket.end();
      client.destroy();
    }
    await until(async () => (await mux.status()).clientCount === 0, "all to be gone", 30_000);
  });
});
