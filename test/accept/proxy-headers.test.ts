import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { ProxyHeaders } from "#src/accept/proxy-headers.js";
import { listenerOf } from "../support/listener.js";
import { Client } from "../support/net.js";
import { servicesHere } from "../support/services.js";
import { until } from "../support/wait.js";

/** A server whose connections have to begin with a header. */
async function open(t: TestContext) {
  const { services, clock, log } = servicesHere(t);
  const headers = new ProxyHeaders(services);
  const arrived: Socket[] = [];
  const listener = listenerOf(1);
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    headers.read(socket, listener, (later) => void arrived.push(later));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  t.after(() => {
    server.close();
    headers.close();
    for (const socket of arrived) socket.destroy();
  });
  return { services, clock, log, headers, arrived, client: () => Client.open(port) };
}

test("a header that is not whole within its time ends the connection, and gives its descriptor back", async (t) => {
  const { services, clock, log, client, arrived } = await open(t);
  const peer = await client();
  peer.write("PROXY TCP4 192.0.2.1 ");
  await until(() => services.descriptors.used === 1, "the connection");
  clock.advance(2999);
  assert.equal(services.descriptors.used, 1);
  clock.advance(1);
  await peer.rest();
  assert.deepEqual([services.descriptors.used, arrived.length], [0, 0]);
  assert.match(log.lines.join(), /rejected by direct port 1: no whole PROXY header within 3 s \(proxy-protocol\)/);
});

test("who leaves without a byte is no mistake, and who leaves in the middle is one", async (t) => {
  const { services, log, client } = await open(t);
  const silent = await client();
  silent.end();
  await silent.rest();
  assert.equal(services.clients.of("direct port 1").silent, 1);
  assert.equal(log.lines.length, 0);
  const half = await client();
  half.write("PROXY ");
  half.end();
  await half.rest();
  assert.match(log.lines.join(), /it has left in the middle of its PROXY header/);
});

test("what is behind the header is left to whoever takes the socket, as it came", async (t) => {
  const { arrived, client } = await open(t);
  const peer = await client();
  const behind = Buffer.alloc(300_000, "behind");
  peer.write(Buffer.concat([Buffer.from("PROXY UNKNOWN\r\n"), behind]));
  await until(() => arrived.length === 1, "the header");
  const taken: Buffer[] = [];
  arrived[0]?.on("data", (chunk: Buffer) => void taken.push(chunk)).resume();
  await until(() => Buffer.concat(taken).length === behind.length, "the rest");
  assert.ok(Buffer.concat(taken).equals(behind));
});

test("the end of all waits", async (t) => {
  const { services, headers, client } = await open(t);
  const peer = await client();
  await until(() => services.descriptors.used === 1, "the connection");
  headers.close();
  await peer.rest();
  assert.equal(services.descriptors.used, 0);
});
