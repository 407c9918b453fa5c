/** One descriptor for the client, one for the remote. */
const PER_CONNECTION = 2;
/** For the daemon itself: up to 64 for notifications, the others for the log, listeners, name servers and Node. */
const RESERVED = 128;

/** The descriptors that the daemon needs for so many connections. */
export function descriptorsForConnections(connections: number): number {
  return connections * PER_CONNECTION + RESERVED;
}

/** How many of `limit` descriptors clients and remotes may take. Of a limit below 256 the daemon keeps half for itself. */
export function descriptorsForTraffic(limit: number): number {
  return limit - Math.min(RESERVED, Math.ceil(limit / 2));
}

/** How many connections, each with its remote, fit into `limit` descriptors. */
export function connectionsWithin(limit: number): number {
  return Math.floor(descriptorsForTraffic(limit) / PER_CONNECTION);
}

/**
 * The soft limit of open files.
 *
 * @param limits the content of `/proc/self/limits` (proc(5))
 * @returns undefined when the text names no limit, or the limit is `unlimited`
 */
export function openFilesLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
