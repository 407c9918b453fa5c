import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A device without a protocol. */
export interface RawDevice {
  readonly port: number;
  readonly sockets: Socket[];
  /** The bytes of all connections. */
  received: string;
}

/** A device whose handlers for connections and chunks come from the test. */
export async function rawDevice(
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
