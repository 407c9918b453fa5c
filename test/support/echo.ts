import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

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
