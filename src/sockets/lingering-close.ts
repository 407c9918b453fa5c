import { backlogChanged, NO_BACKLOG } from "../core/limits/idle-deadlines.js";
import type { Clock, Timer } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";
import type { EndEvents } from "./end.js";
import { peerBacklog } from "./peer-backlog.js";
import type { StreamEnd } from "./stream-end.js";

/** How long a client may go on writing to a connection that has ended, once it has taken everything. */
const WRITER_LIMIT_MS = 5000;
/** How often the kernel is asked what a client that writes has taken. */
const LOOK_AGAIN_MS = 1000;
/** Most bytes of the client that are read and dropped. The rest stays with the kernel, so that TCP makes the client wait. */
const MAX_DROPPED_BYTES = 1_048_576;
/** A timer may fire early by a fraction of this. */
const TIMER_TOLERANCE_MS = 1;

/** What a lingering close tells the owner of the client. */
export interface LingeringCloseEvents {
  /** The client has taken more of what waits for it. */
  drained(): void;
  /** Everything has been sent, and FIN behind it. */
  finished(): void;
  /** The client is closed, by itself or because the limit was reached. */
  gone(): void;
  fault(error: unknown): void;
}

/** What a lingering close needs of the daemon. */
export interface LingeringCloseContext {
  readonly clock: Clock;
  readonly sockets: SocketTable;
}

/**
 * Closes a client so that nothing is lost: everything written still reaches it, then FIN. The socket stays until the client has closed
 * too: closed earlier, the kernel would answer bytes that are still on their way from the client with a reset, and a reset takes the last
 * words away from a client that reads slowly. What the client still sends is read and dropped.
 *
 * @param limitMs longest time in which the client takes nothing, in milliseconds; after that, its socket is destroyed
 */
export function closeLingering(
  client: StreamEnd,
  limitMs: number,
  context: LingeringCloseContext,
  events: LingeringCloseEvents,
): void {
  if (client.gone) events.gone();
  else new LingeringClient(client, limitMs, context, events).begin();
}

class LingeringClient implements EndEvents {
  readonly #client: StreamEnd;
  readonly #limitMs: number;
  readonly #context: LingeringCloseContext;
  readonly #events: LingeringCloseEvents;
  #timer: Timer | undefined;
  #droppedBytes = 0;
  /** The client has taken everything and goes on writing. */
  #isWriter = false;
  /** When the client last took something, or began to write. */
  #progressAt: number;
  /** As the last look has shown. */
  #backlog = NO_BACKLOG;

  constructor(client: StreamEnd, limitMs: number, context: LingeringCloseContext, events: LingeringCloseEvents) {
    this.#client = client;
    this.#limitMs = limitMs;
    this.#context = context;
    this.#events = events;
    this.#progressAt = context.clock.now();
  }

  begin(): void {
    this.#client.events = this;
    this.#watch();
    this.#client.end();
    this.#client.resume();
  }

  data(chunk: Buffer): void {
    this.#droppedBytes += chunk.length;
    if (this.#droppedBytes > MAX_DROPPED_BYTES) this.#client.pause();
    // a client that only writes has to learn of the end by an error: nobody will ever read this
    if (this.#isWriter || this.#client.unsent > 0) return;
    this.#isWriter = true;
    this.#progress();
  }

  eof(): void {}

  drained(): void {
    this.#progress();
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

  #progress(): void {
    this.#progressAt = this.#context.clock.now();
    this.#watch();
  }

  /** How long a client that has acknowledged everything may leave its side open. */
  get #openLimitMs(): number {
    return this.#isWriter ? Math.min(this.#limitMs, WRITER_LIMIT_MS) : this.#limitMs;
  }

  #watch(): void {
    this.#timer?.cancel();
    const ms = this.#isWriter ? Math.min(this.#limitMs, LOOK_AGAIN_MS) : this.#limitMs;
    this.#timer = this.#context.clock.after(ms, () => this.#look());
  }

  /** The kernel may have taken bytes that the client has not: only a client without any progress is cut. */
  #look(): void {
    const { clock, sockets } = this.#context;
    const timer = this.#timer;
    peerBacklog(this.#client, sockets)
      .then((backlog) => {
        if (this.#timer !== timer || this.#client.gone) return; // there was progress meanwhile
        if (backlogChanged(backlog, this.#backlog)) this.#progressAt = clock.now();
        this.#backlog = backlog;
        const limitMs = backlog.unacknowledged > 0 ? this.#limitMs : this.#openLimitMs;
        if (clock.now() - this.#progressAt >= limitMs - TIMER_TOLERANCE_MS) this.#cut();
        else this.#watch();
      })
      .catch((error: unknown) => this.#events.fault(error));
  }

  /** Resets the connection where bytes of either direction are lost, so that the client learns of it. */
  #cut(): void {
    if (this.#droppedBytes > 0 || this.#client.unsent > 0) this.#client.reset();
    else this.#client.destroy();
  }
}
