import type { Clock } from "./clock.js";
import type { End } from "./ends/end.js";

/** Longest time without progress in which a client takes what a remote sent before the end: some plugins read once a minute. */
export const LAST_BYTES_MS = 3_600_000;

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
 * would take the last words away from a client that reads slowly. What the client sends is read and thrown away.
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
  client.events = {
    data() {},
    eof() {},
    drained() {
      timer.cancel();
      timer = clock.after(limitMs, cut);
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
