import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../system/clock.js";

const KEEPALIVE_MS = 15_000; // proxies on the way close a silent connection after half a minute or more
const RETRY_MS = 2000; // a browser that has lost the stream asks again after this time

/** A reply that goes on until the reader leaves. */
export interface LiveStream {
  /** Ends it behind what waits. */
  close(): void;
  /** The reader has gone: shows nothing more. */
  leave(): void;
}

/**
 * Begins a reply of server-sent events (WHATWG HTML, section 9.2). Writes a comment now and then, unless bytes wait to be read: a reader that
 * takes nothing counts as silent, and is cut off.
 *
 * @param response with its headers set
 * @param first events that come first
 * @returns ends the comments
 */
export function beginStream(response: ServerResponse, clock: Clock, first = ""): () => void {
  response.write(`retry: ${RETRY_MS}\n\n${first}`);
  const beat = (): Timer =>
    clock.after(KEEPALIVE_MS, () => {
      if (response.writableLength === 0) response.write(":\n\n");
      timer = beat();
    });
  let timer = beat();
  return () => timer.cancel();
}
