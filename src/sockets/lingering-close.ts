import { backlogChanged, NO_BACKLOG } from "../core/limits/idle-deadlines.js";
import type { Clock, Timer } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";
import type { EndEvents } from "./end.js";
import { peerBacklog } from "./peer-backlog.js";
import type { StreamEnd } from "./stream-end.js";

/** How long a client may go on writing to a connection that has ended, once it has taken everything. */
const WRITER_MS = 5000;
/** How often the kernel is asked what such a client has taken. */
const LOOK_AGAIN_MS = 1000;
/** How much of it is read at once; what comes behind that waits, so that it costs nothing. */
const MAX_DISCARDED = 1_048_576;
/** A timer may be early by a fraction of this. */
const EARLY_MS = 1;

/** What lingering tells on the way. */
export interface LingeringCloseEvents {
  /** The client has taken more of what waits for it. */
  drained(): void;
  /** Everything has been sent, and FIN behind it. */
  finished(): void;
  /** The client is gone, by itself or because the limit was reached. */
  gone(): void;
  fault(error: unknown): void;
}

/** What lingering needs of the daemon. */
export interface LingeringCloseContext {
  readonly clock: Clock;
  readonly sockets: SocketTable;
}

/**
 * Closes a client in a way that loses nothing: what is written still reaches it, then FIN, and the socket stays until the
 * client has closed too. Cut earlier, the kernel could answer bytes still on their way from the client with a reset, and that
 * would take the last words away from a client that reads slowly. What the client sends is read and thrown away, for some seconds.
 *
 * @param limitMs longest time without progress after which the client is cut all the same, in milliseconds; progress is what the
 *   client takes
 */
export function closeLingering(
  client: StreamEnd,
  limitMs: number,
  context: LingeringCloseContext,
  events: LingeringCloseEvents,
): void {
  if (client.gone) events.gone();
  else new Lingering(client, limitMs, context, events).begin();
}

/** A client on its way out. */
class Lingering implements EndEvents {
  readonly #client: StreamEnd;
  readonly #limitMs: number;
  readonly #context: LingeringCloseContext;
  readonly #events: LingeringCloseEvents;
  #timer: Timer | undefined;
  /** Bytes of the client that nobody will ever read. */
  #discarded = 0;
  #writes = false;
  /** When the client last took something, or began to write. */
  #movedAt: number;
  /** As the last look has shown. */
  #backlog = NO_BACKLOG;

  constructor(client: StreamEnd, limitMs: number, context: LingeringCloseContext, events: LingeringCloseEvents) {
    this.#client = client;
    this.#limitMs = limitMs;
    this.#context = context;
    this.#events = events;
    this.#movedAt = context.clock.now();
  }

  begin(): void {
    this.#client.events = this;
    this.#watch();
    this.#client.end();
    this.#client.resume();
  }

  data(chunk: Buffer): void {
    this.#discarded += chunk.length;
    if (this.#discarded > MAX_DISCARDED) this.#client.pause();
    // nobody will ever read this: a client that only writes has to learn of the end by an error
    if (this.#writes || this.#client.unsent > 0) return;
    this.#writes = true;
    this.#moved();
  }

  eof(): void {}

  drained(): void {
    this.#moved();
    this.#client.resume(); // its FIN may be behind what waits
    this.#events.drained();
  }

  finished(): void {
    this.#events.finished();
  }

  closed(): void {
    this.#timer?.cancel();
    this.#events.gone();
  }

  fault(error: unknown): void {
    this.#events.fault(error);
  }

  #moved(): void {
    this.#movedAt = this.#context.clock.now();
    this.#watch();
  }

  /** How long a client may take that has everything. */
  get #patienceMs(): number {
    return this.#writes ? Math.min(this.#limitMs, WRITER_MS) : this.#limitMs;
  }

  #watch(): void {
    this.#timer?.cancel();
    const ms = this.#writes ? Math.min(this.#limitMs, LOOK_AGAIN_MS) : this.#limitMs;
    this.#timer = this.#context.clock.after(ms, () => this.#look());
  }

  /** The kernel has taken the bytes, but the client need not have: only who moves no more is cut. */
  #look(): void {
    const { clock, sockets } = this.#context;
    const timer = this.#timer;
    peerBacklog(this.#client, sockets)
      .then((backlog) => {
        if (this.#timer !== timer || this.#client.gone) return; // it has moved meanwhile
        if (backlogChanged(backlog, this.#backlog)) this.#movedAt = clock.now();
        this.#backlog = backlog;
        const limitMs = backlog.unacknowledged > 0 ? this.#limitMs : this.#patienceMs;
        if (clock.now() - this.#movedAt >= limitMs - EARLY_MS) this.#cut();
        else this.#watch();
      })
      .catch((error: unknown) => this.#events.fault(error));
  }

  /** By a reset where bytes of either direction are lost: the client learns of it. */
  #cut(): void {
    if (this.#discarded > 0 || this.#client.unsent > 0) this.#client.reset();
    else this.#client.destroy();
  }
}
