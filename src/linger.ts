import type { Clock } from "./clock.js";
import type { End } from "./ends/end.js";

/** How long a client may go on writing to a connection that has ended. */
const WRITER_MS = 5000;
/** How much of it is read at once; what comes behind that waits, so that it costs nothing. */
const MAX_DISCARDED = 1_048_576;

/** What lingering tells on the way. */
export interface LingerEvents {
  /** The client has taken more of what waits for it. */
  drained(): void;
  /** Everything has been sent, and FIN behind it. */
  finished(): void;
  /** The client is gone, by itself or because the limit was reached. */
  gone(): void;
  fault(error: unknown): void;
}

/**
 * Closes a client in a way that loses nothing: what is written still reaches it, then FIN, and the socket stays until the
 * client has closed too. Cut earlier, the kernel could answer bytes still on their way from the client with a reset, and that
 * would take the last words away from a client that reads slowly. What the client
 * sends is read and thrown away, for some seconds.
 *
 * @param limitMs longest time without progress after which the client is cut all the same, in milliseconds
 */
export function linger(client: End, limitMs: number, clock: Clock, events: LingerEvents): void {
  if (client.gone) {
    events.gone();
    return;
  }
  const cut = (): void => client.destroy();
  let timer = clock.after(limitMs, cut);
  let writing = false;
  let discarded = 0;
  client.events = {
    data(chunk) {
      discarded += chunk.length;
      if (discarded > MAX_DISCARDED) client.pause();
      // nobody will ever read this: a client that only writes has to learn of the end by an error
      if (writing || client.unsent > 0) return;
      writing = true;
      timer.cancel();
      timer = clock.after(Math.min(limitMs, WRITER_MS), cut);
    },
    eof() {},
    drained() {
      timer.cancel();
      timer = clock.after(limitMs, cut);
      client.resume(); // its FIN may be behind what waits
      events.drained();
    },
    finished: () => events.finished(),
    closed() {
      timer.cancel();
      events.gone();
    },
    fault: (error) => events.fault(error),
  };
  client.end();
  client.resume();
}
