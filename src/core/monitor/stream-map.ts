import { setNewest } from "../collections/newest.js";

/** Streams that a reader keeps; more do not exist at once on such a machine. */
const MAX_STREAMS = 20_000;

/** Adds a stream. Where the ends of many were missed, because the reader was too slow, the oldest are forgotten. */
export function keepStream<T>(streams: Map<string, T>, key: string, stream: T): void {
  setNewest(streams, key, stream, MAX_STREAMS);
}
