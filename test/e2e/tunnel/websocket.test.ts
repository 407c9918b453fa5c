import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { WebSocket } from "undici";
import { freePort } from "../../support/free-port.js";
import { startTunnel } from "../../support/tunnels.js";

const HOST = "127.0.0.1";
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3

/** A web server that returns short text messages over a WebSocket (RFC 6455). */
async function echoing(port: number): Promise<Server> {
  const server = createServer().on("upgrade", ({ headers }, socket) => {
    const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}${KEY_SUFFIX}`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on("error", () => {});
    socket.on("data", (frame: Buffer) => {
      if ((frame[0] ?? 0) === 0x88) return void socket.end(Buffer.of(0x88, 0));
      const length = (frame[1] ?? 0) & 0x7f;
      const mask = frame.subarray(2, 6);
      const text = frame.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
      socket.write(Buffer.concat([Buffer.of(0x81, length), text]));
    });
  });
  server.listen(port, HOST);
  await once(server, "listening");
  return server;
}

test("a WebSocket through the tunnel: opened, messages both ways one after the other, closed in good order", async (t) => {
  const port = await freePort();
  const service = await echoing(port);
  t.after(() => service.close());
  const { server } = await startTunnel(t, [`${HOST}:${port}`]);
  const socket = new WebSocket(`ws://${HOST}:${server.hosts[0]}/`);
  const heard: string[] = [];
  const closed = new Promise<boolean>((resolve, reject) => {
    socket.addEventListener("error", ({ error }) => reject(error));
    socket.addEventListener("close", ({ wasClean }) => resolve(wasClean));
    socket.addEventListener("open", () => socket.send("message 0"));
    socket.addEventListener("message", ({ data }) => {
      heard.push(String(data));
      if (heard.length < 20) socket.send(`message ${heard.length}`);
      else socket.close();
    });
  });
  assert.equal(await closed, true);
  assert.deepEqual(
    heard,
    Array.from({ length: 20 }, (_, index) => `message ${index}`),
  );
});
