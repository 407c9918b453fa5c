import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Listener } from "#src/accept/listener.js";
import { streamServer } from "#src/accept/stream-server.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { acceptTcp } from "#src/sockets/tcp-end.js";
import { listenerOf } from "../support/listener.js";
import { Client } from "../support/net.js";
import { until } from "../support/wait.js";

interface WithHandle {
  _handle: { onconnection?: unknown; fd: number } | null;
}

const handleOf = (of: object) => (of as WithHandle)._handle;

/** A server of a listener, and what it has accepted of one client. */
async function accepted(t: TestContext, listener: Listener) {
  const sockets: Socket[] = [];
  const server = streamServer(
    () => listener,
    (socket) => sockets.push(socket),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = await Client.open((server.address() as AddressInfo).port);
  await until(() => sockets.length === 1, "the client");
  t.after(() => {
    server.close();
    client.destroy();
    for (const socket of sockets) socket.destroy();
  });
  const [socket] = sockets as [Socket];
  assert.equal(socket.isPaused(), true);
  const end = acceptTcp(socket, 0, false);
  let text = "";
  end.events = {
    ...IGNORE_EVENTS,
    data: (chunk) => {
      text += chunk.toString("latin1");
    },
  };
  end.resume();
  client.write("hello");
  await until(() => text === "hello", "what the client says");
  end.write("and back");
  assert.equal(await client.take(8), "and back");
  return { server, isMoved: handleOf(socket) === null };
}

test("the socket of a plain client is made once, with its buffer", async (t) => {
  const { isMoved } = await accepted(t, listenerOf(0));
  assert.equal(isMoved, false);
});

test("a client whose bytes are not relayed as they are gets a socket of Node first", async (t) => {
  for (const more of [{ tls: "here" }, { proxies: [] }]) {
    const { isMoved } = await accepted(t, { ...listenerOf(0), ...more });
    assert.equal(isMoved, true, JSON.stringify(more));
  }
});

test("an error of accepting is the server's error, as ever", async (t) => {
  const { server } = await accepted(t, listenerOf(0));
  const failed = once(server, "error");
  const { onconnection } = handleOf(server) as { onconnection: (error: number) => void };
  onconnection.call(handleOf(server), -24); // EMFILE
  const [error] = (await failed) as [NodeJS.ErrnoException];
  assert.equal(error.code, "EMFILE");
});
