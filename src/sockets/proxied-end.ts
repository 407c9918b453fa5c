import type { Socket } from "node:net";
import { type HostPort, isLoopback, plainAddress } from "../core/net/address.js";
import { endpointKey } from "../core/net/proc-net-tcp.js";
import type { ReadBuffer } from "./read-buffer.js";
import { StreamEnd } from "./stream-end.js";

/** The connection of a proxy that speaks for a client: it shows the client's address, and the kernel knows it by the proxy's. */
export class ProxiedEnd extends StreamEnd {
  readonly #proxy: HostPort;

  /**
   * @param socket and the others: see {@link StreamEnd}
   * @param client whom the proxy speaks for
   */
  constructor(socket: Socket, keepaliveMs: number, buffer: ReadBuffer | undefined, client: HostPort) {
    const { remoteAddress = "", remotePort = 0 } = socket;
    super(socket, keepaliveMs, buffer, client);
    this.#proxy = { host: plainAddress(remoteAddress), port: remotePort };
  }

  override get peerKey(): string {
    return endpointKey(this.#proxy.host, this.#proxy.port);
  }

  override get isPeerHere(): boolean {
    return isLoopback(this.#proxy.host) || this.#proxy.host === this.localAddress;
  }
}
