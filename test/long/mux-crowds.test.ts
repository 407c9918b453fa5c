// Shared devices with thousands of clients: no other client waits for them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { telegram } from "../support/conbus.js";
import type { DaemonProcess } from "../support/daemon.js";
import { freePort } from "../support/free-port.js";
import { worstGreetingMs } from "../support/greeting.js";
import { readPdu, wrap } from "../support/modbus.js";
import { type Mux, startMuxProcess } from "../support/mux.js";
import { faults } from "../support/process.js";
import { until } from "../support/wait.js";

const CROWD = 800;
const MOST_MS = 100; // of the daemon's own time, on a machine that may be slow; without portions these took 300 ms and more

/** A device that sends nothing unsolicited. */
async function silentDevice(t: TestContext): Promise<{ readonly port: number; readonly links: Socket[] }> {
  const links: Socket[] = [];
  const server = createServer((socket) => {
    links.push(socket);
    socket.on("error", () => {});
    socket.resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const link of links) link.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, links };
}

/** Clients that count what they receive. */
class Crowd {
  received = 0;
  ended = 0;
  readonly sockets: Socket[] = [];

  static async open(t: TestContext, port: number, count = CROWD): Promise<Crowd> {
    const crowd = new Crowd();
    t.after(() => crowd.leave());
    while (crowd.sockets.length < count) {
      const some = Array.from({ length: Math.min(100, count - crowd.sockets.length) }, () => crowd.#connect(port));
      await Promise.all(some);
    }
    return crowd;
  }

  leave(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async #connect(port: number): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    this.sockets.push(socket);
    socket.on("error", () => {});
    socket.on("end", () => {
      this.ended += 1;
    });
    socket.on("data", (chunk: Buffer) => {
      this.received += chunk.length;
    });
    await once(socket, "connect");
  }
}

/** Modbus requests with different keys, from this number on. */
function requests(from: number, count: number): Buffer {
  const one = (key: number): Buffer =>
    wrap("modbus", { id: key & 0xffff, unit: 1 + (key % 247), pdu: readPdu(Math.floor(key / 247) & 0x7fff) });
  return Buffer.concat(Array.from({ length: count }, (_, index) => one(from + index)));
}

const REFUSAL_BYTES = 9; // an exception of Modbus/TCP

/** Asserts that no other client has to wait meanwhile. */
async function harmless(t: TestContext, { daemon }: Mux<DaemonProcess>, during: () => Promise<unknown>): Promise<void> {
  const worst = await worstGreetingMs(daemon.port, during, daemon.child.pid);
  t.diagnostic(`worst greeting ${worst.toFixed(0)} ms`);
  assert.ok(worst < MOST_MS, `${worst} ms`);
  assert.deepEqual(faults(daemon.log()), []);
}

test("CACH: a client that sends the same read twice gets two failures", async (t) => {
  const device = await silentDevice(t);
  const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=modbus TIME=1 PIPE=4 CACH=500`);
  const crowd = await Crowd.open(t, mux.port, 1);
  crowd.sockets[0]?.write(Buffer.concat([requests(1, 1), requests(1, 1)]));
  await until(() => crowd.received === 2 * REFUSAL_BYTES, "two refusals");
});

describe("crowds at a shared device delay no other client", { concurrency: 1 }, () => {
  for (const options of ["PIPE=4", "PIPE=4 CACH=500"]) {
    test(`${options}: ${CROWD} clients, 16 requests each that the device does not answer`, async (t) => {
      const device = await silentDevice(t);
      const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=modbus TIME=1 ${options}`);
      const crowd = await Crowd.open(t, mux.port);
      await harmless(t, mux, async () => {
        for (const [index, socket] of crowd.sockets.entries()) socket.write(requests(index * 16, 16));
        const all = CROWD * 16 * REFUSAL_BYTES;
        await until(() => crowd.received === all, "all to be refused", 30_000);
      });
    });
  }

  test("no link: all requests fail at once", async (t) => {
    const mux = await startMuxProcess(t, `127.0.0.1:${await freePort()} PROT=modbus RTRY=20`);
    const crowd = await Crowd.open(t, mux.port);
    await harmless(t, mux, async () => {
      for (const [index, socket] of crowd.sockets.entries()) socket.write(requests(index * 16, 16));
      await until(() => crowd.received === CROWD * 16 * REFUSAL_BYTES, "all to be refused", 30_000);
    });
  });

  test("thousands wait for one answer, and get it", async (t) => {
    const device = await silentDevice(t);
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=conbus CACH=60000`);
    const crowd = await Crowd.open(t, mux.port, 3 * CROWD);
    const question = telegram("S0020044966F02D18");
    for (const socket of crowd.sockets) socket.write(question);
    await until(async () => (await mux.status()).joined === 3 * CROWD - 1, "all to join", 30_000);
    const answer = telegram("R0020044966F02D18+26,0");
    await harmless(t, mux, async () => {
      device.links[0]?.write(answer);
      await until(() => crowd.received === 3 * CROWD * answer.length, "all to have it", 30_000);
    });
  });

  test("events for all, hundreds of them at once", async (t) => {
    const device = await silentDevice(t);
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=conbus`);
    const crowd = await Crowd.open(t, mux.port);
    crowd.sockets[0]?.write(telegram("S0020044966F02D18")); // the link opens
    await until(async () => (await mux.status()).clientCount === CROWD && device.links.length === 1, "all to be in");
    const event = telegram("E07L06I80M");
    await harmless(t, mux, async () => {
      device.links[0]?.write(event.repeat(300));
      await until(() => crowd.received === CROWD * 300 * event.length, "all to have them", 60_000);
    });
  });

  test("broadcast: the bytes of the device go to all clients, and all are closed with its link", async (t) => {
    const device = await silentDevice(t);
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} MODE=broadcast`);
    const crowd = await Crowd.open(t, mux.port, 2 * CROWD);
    await until(
      async () => (await mux.status()).clientCount === 2 * CROWD && device.links.length === 1,
      "all to be in",
    );
    const piece = Buffer.alloc(4096, "x");
    await harmless(t, mux, async () => {
      for (let count = 0; count < 10; count += 1) device.links[0]?.write(piece);
      await until(() => crowd.received === 2 * CROWD * 10 * piece.length, "all to have it", 60_000);
      device.links[0]?.destroy();
      await until(() => crowd.ended === 2 * CROWD, "all to be closed", 60_000);
    });
  });
});
