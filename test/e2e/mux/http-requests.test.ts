// PROT=http: requests and answers of every kind over one link
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { startMux } from "../../support/mux.js";
import { Client } from "../../support/net.js";
import { rawDevice } from "../../support/raw-device.js";
import { pause, quietFor, until } from "../../support/wait.js";

const OK = (body: string, more = ""): string =>
  `HTTP/1.1 200 OK\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;

describe("http behind a mux", { concurrency: 4 }, () => {
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
      await quietFor(300);
      assert.doesNotMatch(device.received, /POST/);
    });
  });

  test("http: an HTTP/1.0 client that asks for keep-alive gets the confirmation, or a closed connection", async (t) => {
    const device = await rawDevice(t, { data: (_, socket) => void socket.write(OK("hello")) });
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http`);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    await until(() => client.bytes.includes("hello"), "the answer");
    await quietFor(300);
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
    await until(() => client.bytes.includes("100 Continue"), "leave to go on", 10_000);
  });

  test("http: PROB probes", async (t) => {
    const device = await rawDevice(t, { data: (_, socket) => void socket.write(OK("hello")) });
    const probe = Buffer.from("GET /probe HTTP/1.1\r\nHost: x\r\n\r\n").toString("hex");
    const mux = await startMux(t, `127.0.0.1:${device.port} PROT=http HLTH=0.3 PROB=${probe}`);
    const client = await Client.open(mux.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => device.received.includes("/probe"), "a probe", 10_000);
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
