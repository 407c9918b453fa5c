import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { Client } from "./net.js";

/** A remote that returns what it gets, and the FIN too. */
export async function startEcho(): Promise<{ readonly port: number; stop(): void }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => {}); // its clients may well reset
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, stop: () => void server.close() };
}

/** Sends to such a remote, as latin-1, and waits until all of it has come back. */
export async function roundTrip(client: Client, text: string): Promise<void> {
  client.write(Buffer.from(text, "latin1"));
  assert.equal(await client.take(text.length), text);
}
