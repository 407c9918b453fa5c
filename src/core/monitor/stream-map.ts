/** Streams that a reader keeps; more do not exist at once on such a machine. */
const MAX_STREAMS = 20_000;

/** Adds a stream. Where the ends of many were missed, because the reader was too slow, the oldest are forgotten. */
export function keepStream<T>(streams: Map<string, T>, key: string, stream: T): void {
  streams.delete(key);
  streams.set(key, stream);
  const [oldest] = streams.keys();
  if (streams.size > MAX_STREAMS && oldest !== undefined) streams.delete(oldest);
}
