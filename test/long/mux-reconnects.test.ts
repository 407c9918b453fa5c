// how often a mux connects to a device that closes, resets or talks out of turn
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseMuxRoute } from "#src/core/mux/mux-line.js";
import { type Clock, systemClock } from "#src/system/clock.js";
import { freePort } from "../support/free-port.js";
import { daemonHere } from "../support/in-process.js";
import { wrap } from "../support/modbus.js";
import { ModbusClient } from "../support/modbus-client.js";
import { modbusProtocol } from "../support/modbus-device.js";
import { startMux } from "../support/mux.js";
import { Client } from "../support/net.js";
import { rawDevice } from "../support/raw-device.js";
import { Simulator } from "../support/simulator.js";
import { pause, quietFor, until } from "../support/wait.js";

describe("reconnects", { concurrency: 4 }, () => {
  for (const prot of ["modbus"]) {
    test(`${prot}: a device that sends bytes on connect is not flooded with connects`, async (t) => {
      const device = await rawDevice(t, { connected: (socket) => void socket.write("Welcome to the device!\n") });
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${prot}`);
      const client = await Client.open(mux.port);
      client.write(
        prot === "echo" ? "one\n" : wrap("modbus", { id: 1, unit: 1, pdu: Buffer.from("0300010001", "hex") }),
      );
      await quietFor(3000);
      assert.ok(device.sockets.length <= 4, `${device.sockets.length} connects in three seconds`);
    });
  }

  test("IDLE=0: clients that come and go do not flood a device that is down with connects", async (t) => {
    const device = await rawDevice(t, { connected: (socket) => socket.resetAndDestroy() });
    const mux = await startMux(t, `127.0.0.1:${device.port} IDLE=0`);
    const until = performance.now() + 2000;
    while (performance.now() < until) {
      const client = await Client.open(mux.port);
      client.write("one\n");
      await pause(10);
      client.destroy();
      await pause(10);
    }
    assert.ok(device.sockets.length <= 5, `${device.sockets.length} connects in two seconds`); // half a second apart
  });

  test("CACH, IDLE: no read is coalesced with one whose link was closed", async (t) => {
    let mute = true;
    const device = await Simulator.open(modbusProtocol("modbus"), {
      limit: 5,
      answering: (answer, link) => (mute ? undefined : link.send(answer)),
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=50 IDLE=0.1 TIME=15`);
    const first = await ModbusClient.connect(mux.port);
    void first.call(1, Buffer.from("0300010001", "hex"));
    await until(() => device.requests.length === 1, "the request");
    first.client.reset();
    await until(() => device.open.length === 0, "the link to be closed");
    mute = false;
    await pause(1200);
    const second = await ModbusClient.connect(mux.port);
    const since = performance.now();
    assert.match(await second.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    assert.ok(performance.now() - since < 10_000, `${performance.now() - since} ms`);
  });

  test("a target that accepts connections and closes them is down: 30 requests do not wait for TIME", async (t) => {
    const device = await rawDevice(t, { connected: (socket) => socket.destroy() });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=20 QLEN=100`);
    const client = await ModbusClient.connect(mux.port);
    const since = performance.now();
    await Promise.all(Array.from({ length: 30 }, () => client.call(1, Buffer.from("0300010001", "hex"))));
    const ms = performance.now() - since;
    assert.ok(ms < 10_000, `${Math.round(ms)} ms`);
  });

  test("POOL=2 on a device that takes one connection: the one link is back as quickly as with POOL=1", async (t) => {
    const protocol = modbusProtocol("modbus");
    const device = await Simulator.open(protocol, { limit: 1 });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus POOL=2`);
    const client = await ModbusClient.connect(mux.port);
    const pdu = Buffer.from("0300010001", "hex");
    await Promise.all([client.call(1, pdu), client.call(1, pdu)]);
    await pause(9000); // without requests
    const refused = device.refused;
    device.cut();
    const since = performance.now();
    assert.match(await client.call(1, pdu), /^0302/);
    const ms = performance.now() - since;
    assert.ok(ms < 4000 && refused <= 1, `${Math.round(ms)} ms; ${refused} links tried though nobody asks`);
  });

  test("links closed for want of clients leave nothing behind", async (t) => {
    const device = await Simulator.open(modbusProtocol("modbus"), { limit: 5 });
    t.after(() => device.stop());
    let timers = 0;
    const clock: Clock = {
      now: () => systemClock.now(),
      epochMs: () => systemClock.epochMs(),
      after(ms, callback) {
        let counted = true;
        timers += 1;
        const over = (): void => {
          if (counted) timers -= 1;
          counted = false;
        };
        const timer = systemClock.after(ms, () => {
          over();
          callback();
        });
        return {
          cancel() {
            over();
            timer.cancel();
          },
        };
      },
    };
    const line = `127.0.0.1:${device.port} PROT=modbus IDLE=0 HLTH=60 PROB=000100000006110300070001`;
    const route = parseMuxRoute(line);
    assert.ok(route.ok);
    const port = await freePort();
    const { daemon } = await daemonHere({ port: 0, linesEssential: true, mux: [{ port, route: route.value }] }, clock);
    t.after(() => daemon.stop("the test is over"));
    for (let n = 0; n < 20; n += 1) {
      const client = await ModbusClient.connect(port);
      assert.match(await client.call(1, Buffer.from("0300010001", "hex")), /^0302/);
      client.destroy();
      await until(() => device.open.length === 0, "the link to be closed");
    }
    await quietFor(100);
    assert.ok(timers < 10, `${timers} timers`);
  });
});
