import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Client } from "./net.js";

/** A remote that echoes all bytes, and the FIN. */
export async function startEcho(): Promise<{ readonly port: number; stop(): void }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => {}); // clients may reset
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, stop: () => void server.close() };
}

/** Sends a Latin-1 text to such a remote and waits for the whole echo. */
export async function roundTrip(client: Client, text: string): Promise<void> {
  client.write(Buffer.from(text, "latin1"));
  assert.equal(await client.take(text.length), text);
}
