import type { Socket } from "node:net";
import { plainAddress } from "../core/net/address.js";
import { covers } from "../core/net/network-match.js";
import { type ProxyHeader, ProxyHeaderReader } from "../core/net/proxy-protocol.js";
import { NO_MORE_FILES } from "../dial/dial-error.js";
import { readExactly } from "../sockets/exact-reads.js";
import type { Clock } from "../system/clock.js";
import type { DescriptorBudget } from "../system/descriptor-budget.js";
import type { Listener } from "./listener.js";
import { CAME_AND_WENT, GONE_ALREADY, type Rejections } from "./rejections.js";

/** A proxy sends its header at once: the time is for a segment that is lost (the specification: 3 s at least). */
const LIMIT_MS = 3000;
/** Headers that are awaited at a time. One more ends the oldest, which is the least likely to come. */
const MAX_PENDING = 1024;

/** What the reading of headers needs of the daemon. */
export interface ProxyHeadersContext {
  readonly clock: Clock;
  readonly rejections: Pick<Rejections, "mention" | "leftAtOnce">;
  readonly descriptors: Pick<DescriptorBudget, "take">;
}

/** Whether a connection that a listener has accepted has to begin with the header of a proxy. */
export function wantsProxyHeader({ proxies }: Pick<Listener, "proxies">, { remoteAddress = "" }: Socket): boolean {
  return proxies?.some((network) => covers(network, remoteAddress)) ?? false;
}

/** Connections of proxies until their header is there (`proxy-protocol`): nobody knows before whose they are. */
export class ProxyHeaders {
  readonly #context: ProxyHeadersContext;
  /** What ends each wait, the oldest first. */
  readonly #pending = new Set<(reason: string) => void>();

  constructor(context: ProxyHeadersContext) {
    this.#context = context;
  }

  /**
   * Reads the header of a connection. One without a good header is closed, and the log says why.
   *
   * @param accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more
   * @param networks the proxies
   * @param arrived takes the socket, paused, and what the header says. Nothing behind the header has been read
   */
  read(
    accepted: Socket,
    listener: Pick<Listener, "name">,
    arrived: (socket: Socket, header: ProxyHeader) => void,
  ): void {
    const { clock, rejections, descriptors } = this.#context;
    const proxy = { address: plainAddress(accepted.remoteAddress ?? ""), line: listener.name, hops: 0 };
    const lease = descriptors.take();
    const reader = new ProxyHeaderReader();
    const socket = lease === undefined ? undefined : readExactly(accepted, reader.wanted, (chunk) => take(chunk));
    if (lease === undefined || socket === undefined) {
      accepted.destroy();
      if (lease === undefined) rejections.mention(proxy, listener, NO_MORE_FILES);
      else rejections.leftAtOnce(proxy, listener, GONE_ALREADY);
      lease?.release();
      return;
    }
    const over = (): boolean => {
      if (!this.#pending.delete(refuse)) return false;
      limit.cancel();
      lease.release();
      socket.off("end", left).off("close", left);
      return true;
    };
    const refuse = (reason: string): void => {
      if (!over()) return;
      rejections.mention(proxy, listener, `${reason} (proxy-protocol)`);
      socket.destroy();
    };
    const left = (): void => {
      if (socket.bytesRead > 0) refuse("it has left in the middle of its PROXY header");
      if (!over()) return;
      rejections.leftAtOnce(proxy, listener, CAME_AND_WENT);
      socket.destroy();
    };
    /** Node is still about to use the socket that it has read from: the next owner gets it behind that. */
    const take = (chunk: Buffer): number => {
      const progress = reader.push(chunk);
      if (progress.kind === "wants") return progress.bytes;
      process.nextTick(() => {
        if (progress.kind === "wrong") refuse(progress.reason);
        else if (over()) arrived(socket.off("error", ignore).pause(), progress.header);
      });
      return 0;
    };
    const limit = clock.after(LIMIT_MS, () => refuse(`no whole PROXY header within ${LIMIT_MS / 1000} s`));
    if (this.#pending.size >= MAX_PENDING) {
      const [oldest] = this.#pending;
      oldest?.(`${MAX_PENDING} PROXY headers are awaited, and this was the oldest`);
    }
    this.#pending.add(refuse);
    socket.on("error", ignore).once("end", left).once("close", left).resume();
  }

  /** Ends all waits. */
  close(): void {
    for (const refuse of this.#pending) refuse("the daemon is stopping");
  }
}

/** An error closes the socket, which tells enough. */
function ignore(): void {}
