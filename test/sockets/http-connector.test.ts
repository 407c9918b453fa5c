import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Client } from "undici";
import { httpConnector } from "#src/sockets/http-connector.js";
import { systemClock } from "#src/system/clock.js";
import { localNames } from "../support/names.js";
import { until } from "../support/wait.js";

const HEAD = "HTTP/1.1 200 OK\r\n";
const FLOOD = HEAD + "A: b\r\n".repeat(5000);

test("a server's bytes are read in small pieces, in turns with other work, however many come at once", async (t) => {
  const server = createServer((socket) => void socket.end(FLOOD));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connect = httpConnector(5000, { clock: systemClock, names: localNames() });
  const sockets = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<Socket>((resolve, reject) => {
          connect({ hostname: "127.0.0.1", protocol: "http:", port: String(port) }, (error, socket) => {
            if (error === null) resolve(socket);
            else reject(error);
          });
        }),
    ),
  );
  const texts = sockets.map(() => "");
  let most = 0;
  let inThisPass = 0;
  let mostInAPass = 0;
  for (const [index, socket] of sockets.entries()) {
    socket.on("readable", () => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        if (inThisPass === 0) setImmediate(() => (inThisPass = 0));
        inThisPass += 1;
        mostInAPass = Math.max(mostInAPass, inThisPass);
        most = Math.max(most, chunk.length);
        texts[index] += chunk.toString("latin1");
        const until = performance.now() + 1;
        while (performance.now() < until);
      }
    });
  }
  await until(() => texts.every((text) => text === FLOOD), "all of it");
  assert.ok(most <= 1024, `${most} bytes at once`);
  assert.ok(mostInAPass <= 20, `${mostInAPass} pieces in one pass of the event loop`);
});

/** A server whose raw answer to each request the test says. */
async function rawServer(t: TestContext, answer: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("interim responses that nobody asked for are left out, on every request of a connection", async (t) => {
  const origin = await rawServer(
    t,
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
  );
  const client = new Client(origin, { connect: httpConnector(5000, { clock: systemClock, names: localNames() }) });
  t.after(() => client.destroy());
  for (let request = 0; request < 2; request += 1) {
    const { statusCode, body } = await client.request({ method: "GET", path: "/" });
    assert.deepEqual([statusCode, await body.text()], [200, "body"]);
  }
});

test("an interim response without end closes the connection", async (t) => {
  const origin = await rawServer(t, `HTTP/1.1 103 Early Hints\r\n${"A: b\r\n".repeat(20_000)}`);
  const client = new Client(origin, {
    connect: httpConnector(5000, { clock: systemClock, names: localNames() }),
    headersTimeout: 0,
  });
  t.after(() => client.destroy());
  await assert.rejects(client.request({ method: "GET", path: "/" }));
});
