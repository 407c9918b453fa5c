import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import type { StreamEnd } from "#src/sockets/stream-end.js";
import { acceptTcp } from "#src/sockets/tcp-end.js";
import { Client } from "./net.js";

/** A TCP connection: the daemon's end, and the test as its peer. */
export interface Joined {
  readonly end: StreamEnd;
  readonly peer: Client;
}

/** Accepts a connection of the test as the daemon does. The end of the test destroys both sides. */
export async function socketEnd(t: TestContext, datagrams = false): Promise<Joined> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const peer = await Client.open((server.address() as AddressInfo).port);
  const [accepted] = await accepting;
  const end = acceptTcp(accepted, 0, datagrams);
  server.close();
  t.after(() => {
    peer.destroy();
    end.destroy();
  });
  return { end, peer };
}
