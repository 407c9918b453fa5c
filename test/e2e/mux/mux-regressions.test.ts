// Former faults of the mux; each title states the correct behaviour.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { parseMuxRoute } from "#src/core/mux/mux-line.js";
import { type Clock, systemClock } from "#src/system/clock.js";
import { freePort } from "../../support/free-port.js";
import { daemonHere } from "../../support/in-process.js";
import { wrap } from "../../support/modbus.js";
import { ModbusClient } from "../../support/modbus-client.js";
import { modbusProtocol } from "../../support/modbus-device.js";
import { muxSection, startMux, startMuxProcess } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { telegram } from "../../support/protocols.js";
import { Simulator } from "../../support/simulator.js";
import { pause, until } from "../../support/wait.js";

interface RawDevice {
  readonly port: number;
  readonly sockets: Socket[];
  /** The bytes of all connections. */
  received: string;
}

/** A device whose handlers for connections and chunks come from the test. */
async function rawDevice(
  t: TestContext,
  {
    connected,
    data,
  }: { connected?: (socket: Socket) => void; data?: (chunk: string, socket: Socket) => void | Promise<void> },
): Promise<RawDevice> {
  const server = createServer({ allowHalfOpen: false, noDelay: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const sockets: Socket[] = [];
  const device = { port: (server.address() as AddressInfo).port, sockets, received: "" };
  server.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    connected?.(socket);
    socket.on("data", (chunk) => {
      device.received += chunk.toString("latin1");
      void data?.(chunk.toString("latin1"), socket);
    });
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return device;
}

const OK = (body: string, more = ""): string =>
  `HTTP/1.1 200 OK\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;

describe("former faults of the mux", { concurrency: 4 }, () => {
  describe("http: a client's request stays one request", () => {
    for (const field of ["Content-Length", "Transfer-Encoding"]) {
      test(`Connection: ${field} does not remove the length of a body`, async (t) => {
        const device = await rawDevice(t, {});
        const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
        const client = await Client.open(mux.port);
        const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
        const [length, body] =
          field === "Content-Length"
            ? [`Content-Length: ${smuggled.length}`, smuggled]
            : ["Transfer-Encoding: chunked", `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`];
        client.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: ${field}\r\n${length}\r\n\r\n${body}`);
        await until(() => device.received.includes("/smuggled"), "the body");
        assert.match(device.received, new RegExp(`${field}: `), "else the body is a request of its own");
      });
    }

    test("a smuggled request's answer does not reach another client", async (t) => {
      const server = createHttpServer((request, response) => {
        request.resume();
        setTimeout(() => response.end(`answer to ${request.url}`), request.url === "/smuggled" ? 300 : 0);
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      t.after(() => {
        server.closeAllConnections();
        server.close();
      });
      const mux = await startMux(t, `127.0.0.1:${(server.address() as AddressInfo).port} PROT=http`);
      const [attacker, victim] = [await Client.open(mux.port), await Client.open(mux.port)];
      const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
      attacker.write(
        `POST /first HTTP/1.1\r\nHost: x\r\nConnection: Content-Length\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
      );
      await until(() => attacker.bytes.includes("/first"), "the first answer");
      victim.write("GET /victim HTTP/1.1\r\nHost: x\r\n\r\n");
      await until(() => victim.bytes.includes("answer"), "an answer");
      assert.match(victim.bytes.toString(), /answer to \/victim/);
    });

    test("a head that ends in LF LF, and CR LF CR LF in the body: the body passes unchanged", async (t) => {
      const device = await rawDevice(t, {});
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
      const client = await Client.open(mux.port);
      const body = "a\nb\nc\nConnection: lost\nd\r\n\r\nend";
      client.write(`POST / HTTP/1.1\nHost: x\nContent-Length: ${body.length}\n\n${body}`);
      await until(() => device.received.endsWith("end"), "the body");
      assert.equal(device.received.slice(device.received.indexOf("\r\n\r\n") + 4), body);
    });

    test("no request behind a request with Connection: close is carried out", async (t) => {
      const device = await rawDevice(t, {
        data: async (_, socket) => {
          await pause(50);
          socket.write(OK("first"));
        },
      });
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
      const client = await Client.open(mux.port);
      client.write("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      client.write("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
      assert.match(await client.rest(), /first$/);
      await pause(300);
      assert.doesNotMatch(device.received, /POST/);
    });
  });

  test("http: an HTTP/1.0 client that asks for keep-alive gets the confirmation, or a closed connection", async (t) => {
    const device = await rawDevice(t, { data: (_, socket) => void socket.write(OK("hello")) });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await until(() => client.bytes.includes("hello"), "the answer");
    await pause(300);
    assert.ok(/^connection: keep-alive/im.test(client.bytes.toString()) || client.ended, client.bytes.toString());
  });

  test("http: 100 Continue comes also when an earlier request is still being answered", async (t) => {
    const device = await rawDevice(t, {
      data: async (_, socket) => {
        await pause(200);
        socket.write(OK("hello"));
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    await until(() => client.bytes.includes("hello"), "the first answer");
    await until(() => client.bytes.includes("100 Continue"), "leave to go on", 2000);
  });

  test("http: PROB probes", async (t) => {
    const device = await rawDevice(t, { data: (_, socket) => void socket.write(OK("hello")) });
    const probe = Buffer.from("GET /probe HTTP/1.1\r\nHost: x\r\n\r\n").toString("hex");
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http HLTH=0.3 PROB=${probe}`);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => device.received.includes("/probe"), "a probe", 3000);
  });

  test("http: an answer without end whose client has left does not block the device for the others", async (t) => {
    const device = await rawDevice(t, {
      data: (text, socket) => {
        if (!text.includes("/stream")) {
          socket.write(OK("other"));
          return;
        }
        socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const timer = setInterval(() => socket.write("5\r\nevent\r\n"), 50);
        socket.on("close", () => clearInterval(timer));
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http TIME=1`);
    const gone = await Client.open(mux.port);
    gone.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => gone.bytes.includes("event"), "the stream");
    gone.destroy();
    await pause(1500);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => client.bytes.includes("\r\n\r\n"), "an answer");
    assert.match(client.bytes.toString(), /200 OK/);
  });

  test("echo: the start of an extra answer is not the start of the next answer", async (t) => {
    const device = await rawDevice(t, {
      data: async (text, socket) => {
        if (text === "one\n") {
          socket.write("answer one\nansw");
          await pause(100);
          socket.write("er one\n");
        } else {
          await pause(200);
          socket.write(`answer ${text}`);
        }
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port}`);
    const [first, second] = [await Client.open(mux.port), await Client.open(mux.port)];
    first.write("one\n");
    await until(() => first.bytes.length > 0, "the answer");
    second.write("two\n");
    await until(() => second.bytes.length > 0 || second.ended, "an answer or the end");
    assert.ok(["", "answer two\n"].includes(second.bytes.toString()), JSON.stringify(second.bytes.toString()));
  });

  test("echo: bytes of a device before its first request (DLAY) answer no request", async (t) => {
    const device = await rawDevice(t, {
      connected: (socket) => void socket.write("welcome\n"),
      data: (text, socket) => void socket.write(`answer ${text}`),
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} DLAY=0.5`);
    const client = await Client.open(mux.port);
    client.write("one\n");
    await until(() => client.bytes.length > 0 || client.ended, "an answer or the end");
    assert.ok(["", "answer one\n"].includes(client.bytes.toString()), JSON.stringify(client.bytes.toString()));
  });

  for (const prot of ["modbus"]) {
    test(`${prot}: a device that sends bytes on connect is not flooded with connects`, async (t) => {
      const device = await rawDevice(t, { connected: (socket) => void socket.write("Welcome to the device!\n") });
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=${prot}`);
      const client = await Client.open(mux.port);
      client.write(
        prot === "echo" ? "one\n" : wrap("modbus", { id: 1, unit: 1, pdu: Buffer.from("0300010001", "hex") }),
      );
      await pause(3000);
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
    assert.ok(device.sockets.length <= 3, `${device.sockets.length} connects in two seconds`);
  });

  test("CACH, IDLE: no read is coalesced with one whose link was closed", async (t) => {
    let mute = true;
    const device = await Simulator.open(modbusProtocol("modbus"), {
      limit: 5,
      answering: (answer, link) => (mute ? undefined : link.send(answer)),
    });
    t.after(() => device.stop());
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus CACH=50 IDLE=0.1 TIME=5`);
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
    assert.ok(performance.now() - since < 2000, `${performance.now() - since} ms`);
  });

  test("a target that accepts connections and closes them is down: 30 requests do not wait for TIME", async (t) => {
    const device = await rawDevice(t, { connected: (socket) => socket.destroy() });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=8 QLEN=100`);
    const client = await ModbusClient.connect(mux.port);
    const since = performance.now();
    await Promise.all(Array.from({ length: 30 }, () => client.call(1, Buffer.from("0300010001", "hex"))));
    const ms = performance.now() - since;
    assert.ok(ms < 4000, `${Math.round(ms)} ms`);
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
    assert.ok(ms < 1500 && refused <= 1, `${Math.round(ms)} ms; ${refused} links tried though nobody asks`);
  });

  test("a request is answered or failed within TIME, waiting and repetition included", async (t) => {
    let asked = 0;
    const device = await rawDevice(t, {
      data: async (chunk, socket) => {
        asked += 1;
        if (asked === 1) {
          await pause(900);
          socket.write(
            wrap("modbus", {
              id: chunk.charCodeAt(0) * 256 + chunk.charCodeAt(1),
              unit: 1,
              pdu: Buffer.from("03020001", "hex"),
            }),
          );
        } else if (asked === 2) {
          await pause(900);
          socket.resetAndDestroy();
        }
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus TIME=1`);
    const clients = [await ModbusClient.connect(mux.port), await ModbusClient.connect(mux.port)];
    const times = await Promise.all(
      clients.map(async (client, n) => {
        await pause(n * 20);
        const since = performance.now();
        await client.call(1, Buffer.from("0300010001", "hex"));
        return performance.now() - since;
      }),
    );
    assert.ok(Math.max(...times) < 1500, `${times.map(Math.round).join(" ms, ")} ms with TIME=1`);
  });

  test("broadcast: a client that floods with short messages does not stop the daemon", async (t) => {
    const device = await rawDevice(t, {});
    const mux = await startMux(t, `127.0.0.1:${device.port} MODE=broadcast`);
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
    assert.ok(worst < 500, `STAT takes ${Math.round(worst)} ms`);
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
    await pause(100);
    assert.ok(timers < 10, `${timers} timers`);
  });

  test("broadcast: a closed client is released, though the device is silent", async (t) => {
    const device = await rawDevice(t, {});
    const mux = await startMux(t, `127.0.0.1:${device.port} MODE=broadcast`);
    for (let n = 0; n < 5; n += 1) {
      const client = await Client.open(mux.port);
      await until(async () => (await mux.status()).clients > 0, "the client");
      client.socket.end();
      client.destroy();
    }
    await until(async () => (await mux.status()).clients === 0, "all to be gone", 30_000);
  });

  for (const words of ["RDON=deny", "RDON=ignore"]) {
    test(`modbus-serial, ${words}: a write to all units (0) is not answered`, async (t) => {
      const device = await Simulator.open(modbusProtocol("modbus-serial"));
      t.after(() => device.stop());
      const mux = await startMux(t, `127.0.0.1:${device.port} PROT=modbus-serial ${words}`);
      const client = await ModbusClient.connect(mux.port, "modbus-serial");
      client.client.write(wrap("modbus-serial", { id: 0, unit: 0, pdu: Buffer.from("0600010001", "hex") }));
      await pause(300);
      assert.deepEqual(client.surplus, []);
      assert.equal(client.client.bytes.length, 0);
    });
  }

  test("modbus-serial: a write to all units is not answered when there is no link either", async (t) => {
    const device = await rawDevice(t, {});
    const { port } = device;
    const mux = await startMux(t, `127.0.0.2:${port} PROT=modbus-serial`);
    const client = await Client.open(mux.port);
    client.write(wrap("modbus-serial", { id: 0, unit: 0, pdu: Buffer.from("0600010001", "hex") }));
    await pause(300);
    assert.equal(client.bytes.toString("hex"), "");
  });

  test("conbus: a reply about another data point of the same module answers no request", async (t) => {
    const device = await rawDevice(t, {
      data: async (_, socket) => {
        socket.write(telegram("R0020044966F02D00OLD"));
        await pause(50);
        socket.write(telegram("R0020044966F02D18NEW"));
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=conbus`);
    const client = await Client.open(mux.port);
    client.write(telegram("S0020044966F02D18"));
    await until(() => client.bytes.includes(">"), "an answer");
    assert.equal(client.bytes.toString(), telegram("R0020044966F02D18NEW").toString());
  });

  test("a reload to another line and back keeps the same mux", async (t) => {
    const device = await Simulator.open(modbusProtocol("modbus"));
    t.after(() => device.stop());
    const mux = await startMuxProcess(t, `127.0.0.1:${device.port} PROT=modbus`);
    const client = await ModbusClient.connect(mux.port);
    assert.match(await client.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    for (const line of [`127.0.0.1:1 PROT=modbus`, `127.0.0.1:${device.port} PROT=modbus`]) {
      const before = mux.daemon.log().split("configuration read again").length;
      mux.config.write(muxSection({ [mux.port]: line }));
      mux.daemon.child.kill("SIGHUP");
      await until(() => mux.daemon.log().split("configuration read again").length > before, "the reload");
    }
    const other = await ModbusClient.connect(mux.port);
    assert.match(await other.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    assert.match(await client.call(1, Buffer.from("0300010001", "hex")), /^0302/);
    assert.deepEqual([device.mostLinks, device.refused], [1, 0]);
  });

  test("http: a client that reads slowly gets a long answer whole, however long that takes", async (t) => {
    const size = 16_777_216;
    const device = await rawDevice(t, {
      data: (_, socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        socket.write(Buffer.alloc(size, 97));
      },
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http TIME=1`);
    const client = await Client.open(mux.port);
    let got = 0;
    client.socket.removeAllListeners("data");
    client.socket.on("data", (chunk: Buffer) => {
      got += chunk.length;
    });
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => got > 1000, "the beginning");
    client.socket.pause();
    await pause(2500);
    client.socket.resume();
    await until(() => got >= size || client.ended || client.closed, "the rest");
    assert.ok(got >= size, `${got} bytes of ${size}`);
  });

  test("http: a body that is too long is answered 413", async (t) => {
    const device = await rawDevice(t, { data: (_, socket) => void socket.write(OK("hello")) });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Client.open(mux.port);
    client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
    client.write(Buffer.alloc(2_000_000, 97));
    assert.match(await client.rest(), /^HTTP\/1.1 413 /);
  });

  test("http: an unsolicited 101 ends the link", async (t) => {
    const device = await rawDevice(t, {
      data: (_, socket) =>
        void socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => client.bytes.length > 0 || client.ended, "an answer");
    assert.match(client.bytes.toString(), /^HTTP\/1.1 502 /);
  });
});
