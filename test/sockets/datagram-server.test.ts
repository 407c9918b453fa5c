import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { DatagramServer } from "#src/sockets/datagram-server.js";
import { bindDatagrams, datagramSocket } from "#src/sockets/datagram-socket.js";
import type { UdpEnd } from "#src/sockets/udp-end.js";
import { ManualClock } from "../support/clock.js";
import { until } from "../support/wait.js";

/** A server that listens on all addresses, and what becomes of its clients. */
async function serverOf(t: TestContext, maxClients?: number) {
  const clients: UdpEnd[] = [];
  const refusals: string[] = [];
  const accept = (client: UdpEnd, refusal?: string): void => {
    if (refusal === undefined) clients.push(client);
    else refusals.push(refusal);
  };
  const server = new DatagramServer(accept, new ManualClock(), maxClients);
  server.listen({});
  await once(server, "listening");
  t.after(() => server.close());
  return { clients, refusals, port: server.address()?.port ?? 0 };
}

/** Sends a datagram from a socket of its own. */
async function sender(t: TestContext, port: number) {
  const socket = datagramSocket("127.0.0.1");
  await bindDatagrams(socket, 0, "127.0.0.1");
  t.after(() => socket.close());
  socket.send("a", port, "127.0.0.1");
  return socket;
}

test("a client of IPv4 has a plain address on a port for both families, and gets its answers", async (t) => {
  const { clients, port } = await serverOf(t);
  const socket = await sender(t, port);
  await until(() => clients.length === 1, "the client");
  assert.equal(clients[0]?.peerAddress, "127.0.0.1");
  const answer = once(socket, "message");
  clients[0]?.write("answer");
  assert.equal(String((await answer)[0]), "answer");
});

test("an address more than the most is refused, with a reason, until one has gone", async (t) => {
  const { clients, refusals, port } = await serverOf(t, 1);
  await sender(t, port);
  await until(() => clients.length === 1, "the first client");
  const second = await sender(t, port);
  await until(() => refusals.length === 1, "the refusal");
  assert.deepEqual(refusals, ["1 addresses are clients already"]);
  clients[0]?.destroy();
  second.send("b", port, "127.0.0.1");
  await until(() => clients.length === 2, "the second client");
});
