import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { httpConnector } from "#src/sockets/http-connector.js";
import { until } from "../support/wait.js";

const HEAD = "HTTP/1.1 200 OK\r\n";
const FLOOD = HEAD + "A: b\r\n".repeat(5000);

test("a server's bytes are read in small pieces, in turns with other work, however many come at once", async (t) => {
  const server = createServer((socket) => void socket.end(FLOOD));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connect = httpConnector(5000);
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
