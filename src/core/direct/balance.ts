import type { DirectOptions } from "./direct-options.js";

/** What is known of a server when a client is to be given one. */
export interface Candidate {
  /** Whether it is believed to be there. */
  readonly up: boolean;
  /** Clients that it has. */
  readonly active: number;
}

/** Most of the remaining time that one attempt may take while there are others to try. */
const MOST_SHARE = 1 / 3;

/**
 * The order in which to try servers for one client: those believed up as the mode says, then the others, as a last resort.
 *
 * @param servers in the order of the configuration
 * @param previous the index of the server that was tried first for the client before; -1: there was none. For `round`
 * @returns the index of each server, once
 */
export function orderOfTrying(
  mode: DirectOptions["balance"],
  servers: readonly Candidate[],
  previous: number,
): number[] {
  const listed = servers.map((_server, index) => index);
  const ordered = ORDERS[mode](listed, servers, previous);
  const isUp = (index: number): boolean => servers[index]?.up === true;
  return [...ordered.filter(isUp), ...ordered.filter((index) => !isUp(index))];
}

type Ordering = (listed: readonly number[], servers: readonly Candidate[], previous: number) => readonly number[];

const ORDERS: Readonly<Record<DirectOptions["balance"], Ordering>> = {
  first: (listed) => listed,
  round: (listed, _servers, previous) => [...listed.slice(previous + 1), ...listed.slice(0, previous + 1)],
  least: (listed, servers) => {
    const active = (index: number): number => servers[index]?.active ?? 0;
    return [...listed].sort((one, other) => active(one) - active(other)); // a stable sort: ties by the list
  },
};

/**
 * The time for one attempt to connect: all that is left for the last server, and never so much before that a server that
 * does not answer keeps the others from being tried. Later ones get less, but a server that is far away gets its chance
 * however many stand behind it.
 *
 * @param leftMs what is left of the time in all, in milliseconds
 * @param servers that are still to be tried, this one included
 * @returns whole milliseconds, at least 1
 */
export function attemptMs(leftMs: number, servers: number): number {
  return Math.max(1, Math.round(leftMs * Math.max(1 / servers, MOST_SHARE)));
}
