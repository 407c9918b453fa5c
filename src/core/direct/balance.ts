import type { DirectOptions } from "./direct-options.js";

/** What the daemon knows about a server when a client needs one. */
export interface ServerLoad {
  /** Whether the daemon believes that the server can be reached. */
  readonly up: boolean;
  /** Number of clients. */
  readonly active: number;
}

/** Least part of the remaining time that an attempt may take: a far server gets its chance, however many servers follow. */
const MIN_SHARE = 1 / 3;

/**
 * The order in which to try the servers for one client: servers that are up, as the mode says, then servers that are down.
 *
 * @param servers in the order of the configuration
 * @param previous for `round`: the index of the server that the client before tried first; -1: there was no client
 * @returns the index of each server, once
 */
export function orderOfTrying(
  mode: DirectOptions["balance"],
  servers: readonly ServerLoad[],
  previous: number,
): number[] {
  const listed = servers.map((_server, index) => index);
  if (listed.length === 1) return listed;
  const ordered = ORDERS[mode](listed, servers, previous);
  const isUp = (index: number): boolean => servers[index]?.up === true;
  return [...ordered.filter(isUp), ...ordered.filter((index) => !isUp(index))];
}

type Ordering = (listed: readonly number[], servers: readonly ServerLoad[], previous: number) => readonly number[];

const ORDERS: Readonly<Record<DirectOptions["balance"], Ordering>> = {
  first: (listed) => listed,
  round: (listed, _servers, previous) => [...listed.slice(previous + 1), ...listed.slice(0, previous + 1)],
  least: (listed, servers) => {
    const active = (index: number): number => servers[index]?.active ?? 0;
    return [...listed].sort((one, other) => active(one) - active(other)); // a stable sort: ties by the list
  },
};

/**
 * The time for one attempt to connect. The last server gets all the remaining time. An earlier server gets a part of it, so that a server
 * that does not answer leaves time for the others.
 *
 * @param leftMs remaining time in milliseconds
 * @param servers number of servers to try, including this one
 * @returns whole milliseconds, at least 1
 */
export function attemptMs(leftMs: number, servers: number): number {
  return Math.max(1, Math.round(leftMs * Math.max(1 / servers, MIN_SHARE)));
}
