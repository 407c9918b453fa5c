import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { whenConnected } from "#src/sockets/connecting.js";
import { freePort } from "../support/free-port.js";

/** Waits as the daemon does; resolves to what it is told. */
function outcomeOf(t: TestContext, socket: Socket): Promise<Socket | NodeJS.ErrnoException> {
  t.after(() => socket.destroy());
  return new Promise((resolve) => {
    whenConnected(socket, { connected: resolve, failed: resolve });
  });
}

for (const host of ["127.0.0.1", "::1"]) {
  test(`a socket of ${host} that has connected to itself is refused, and frees its port at once`, async (t) => {
    const port = await freePort(host);
    const socket = connect({ host, port, localAddress: host, localPort: port });
    const error = await outcomeOf(t, socket);
    assert.ok(error instanceof Error);
    assert.equal(error.code, "ECONNREFUSED");
    assert.match(error.message, new RegExp(`connect ECONNREFUSED .*:${port}$`));
    const service = createServer().listen({ host, port });
    t.after(() => service.close());
    await once(service, "listening");
  });
}

test("two sockets with one number on two addresses are no loop", async (t) => {
  const port = await freePort("127.0.0.2");
  const server = createServer().listen({ host: "127.0.0.2", port });
  t.after(() => server.close());
  await once(server, "listening");
  const socket = connect({ host: "127.0.0.2", port, localAddress: "127.0.0.3", localPort: port });
  assert.equal(await outcomeOf(t, socket), socket);
});
