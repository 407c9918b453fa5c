import { type EndEvents, IGNORE_EVENTS } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";
import type { SessionConnection } from "./resumable-end.js";

/** A peer that lives has read BYE, and closed, by then. */
const GONE_WITHIN_MS = 3000;

/**
 * Ends a link so that the peer reads the last command: behind it goes FIN, and what still comes is dropped. (A socket that is destroyed with
 * bytes unread resets the connection, which may take the last words away.)
 *
 * @param gone told once, when the link is closed. `answered`: the peer has closed it, so it was alive.
 */
export function sayFarewell(
  end: SessionConnection,
  lastWords: Buffer | "",
  clock: Clock,
  gone: (answered: boolean) => void,
): void {
  const finish = (answered: boolean): void => {
    timer.cancel();
    end.events = IGNORE_EVENTS;
    end.destroy();
    gone(answered);
  };
  const timer = clock.after(GONE_WITHIN_MS, () => finish(false));
  const events: EndEvents = {
    ...IGNORE_EVENTS,
    eof: () => finish(true),
    closed: (error) => finish(error === undefined),
    fault: () => finish(false),
  };
  end.events = events;
  if (lastWords !== "") end.write(lastWords);
  end.end();
  end.resume();
}
