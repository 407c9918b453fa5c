import { createSocket, type Socket } from "node:dgram";
import { UdpEnd } from "../sockets/udp-end.js";
import type { Attempt, AttemptOwner, StartAttempt } from "./attempt.js";
import { resolvePermitted } from "./resolve.js";

/** "Connects" by UDP. */
export const attemptUdp: StartAttempt = ({ target }, context, owner) => {
  const attempt = new UdpAttempt();
  attempt.run(target.port, resolvePermitted(target, context), owner).catch((error: Error) => owner.failed(error));
  return attempt;
};

/** Connects a UDP socket to the first address of a name that has a route. */
class UdpAttempt implements Attempt {
  #socket: Socket | undefined;
  #isCancelled = false;

  async run(
    port: number,
    addresses: Promise<readonly { readonly address: string; readonly family: number }[]>,
    owner: AttemptOwner,
  ): Promise<void> {
    let problem: unknown = new Error("no address");
    for (const { address, family } of await addresses) {
      if (this.#isCancelled) return;
      try {
        const socket = createSocket(family === 6 ? "udp6" : "udp4");
        this.#socket = socket;
        await connectUdp(socket, port, address);
        if (!this.#isCancelled) owner.connected(new UdpEnd(socket), socket);
        return;
      } catch (error) {
        this.#close();
        problem = error;
      }
    }
    throw problem;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#close();
  }

  #close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** Rejects where there is no route. Node hands the error to the callback, though its types do not say so. */
function connectUdp(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const connected = (error?: Error | null): void => (error ? reject(error) : resolve());
    socket.once("error", reject);
    socket.connect(port, address, connected);
  });
}
