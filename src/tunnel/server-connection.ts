import { EndReason } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import { watchAddress } from "../system/own-addresses.js";
import type { TunnelContext } from "./tunnel-context.js";

/** A connection of a device to its server. It is closed when the server does not acknowledge anything, and when our own address goes. */
export class ServerConnection {
  readonly end: StreamEnd;
  readonly #context: Pick<TunnelContext, "clock" | "deadPeers">;
  readonly #since: number;
  readonly #stopWatchingAddress: () => void;

  /** @param end connected */
  constructor(end: StreamEnd, context: Pick<TunnelContext, "clock" | "deadPeers">) {
    this.end = end;
    this.#context = context;
    this.#since = context.clock.now();
    context.deadPeers.add(end);
    const { localAddress } = end;
    this.#stopWatchingAddress = watchAddress(localAddress, context.clock, () => {
      end.destroy(new EndReason(`our address ${localAddress} has gone`, true));
    });
  }

  /** How long it has been there; milliseconds. */
  get ageMs(): number {
    return this.#context.clock.now() - this.#since;
  }

  /** See {@link TunnelContext.deadPeers}. */
  unanswered(): Promise<number | undefined> {
    return this.#context.deadPeers.unanswered(this.end);
  }

  stopWatching(): void {
    this.#context.deadPeers.remove(this.end);
    this.#stopWatchingAddress();
  }
}
