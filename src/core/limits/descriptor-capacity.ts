const PER_CONNECTION = 2; // one descriptor for the client, one for the remote
const RESERVED = 128; // notifications take up to 64; the rest is for the log, listeners, name servers, the program itself

/** Descriptors the daemon needs to hold so many connections. */
export function descriptorsForConnections(connections: number): number {
  return connections * PER_CONNECTION + RESERVED;
}

/** How many of so many descriptors clients and remotes may take; a small limit is shared half and half with the daemon itself. */
export function descriptorsForTraffic(limit: number): number {
  return limit - Math.min(RESERVED, Math.ceil(limit / 2));
}

/** Connections, each with its remote, that so many descriptors hold. */
export function connectionsWithin(limit: number): number {
  return Math.floor(descriptorsForTraffic(limit) / PER_CONNECTION);
}

/** The soft limit of open files in the text of Linux's `/proc/self/limits` (proc(5)); nothing when it is not told, or there is none. */
export function openFilesLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}
