import { Tally } from "../collections/tally.js";
import { canonicalAddress, isIPv4, isLoopback } from "./address.js";

/** Reason for refusing a target that is the daemon itself. Part of replies: docs/protocol.md. */
export const TARGET_IS_DAEMON = "that is this daemon itself";
/** Reason for refusing a target that leads back to the line it belongs to. */
export const TARGET_IS_LOOP = "leads back to itself";
/** Most ports of this daemon that a client may pass after the first one. */
export const MAX_HOPS = 8;

const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "::";

/** The canonical form of the address that the kernel connects to: for an unspecified address (`0.0.0.0`, `::`) that is the loopback address. */
export function connectedAddress(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === ANY_IPV4) return "127.0.0.1";
  return canonical === ANY_IPV6 ? "::1" : canonical;
}

/**
 * Whether a connection to `address` reaches a listener that is bound to `bound`.
 *
 * @param bound an address of this machine; `*` or `::` means all of them, `0.0.0.0` all IPv4 addresses
 * @param isOwn tells whether an address in canonical form belongs to an interface of this machine
 */
export function reachesListener(address: string, bound: string, isOwn: (address: string) => boolean): boolean {
  const target = connectedAddress(address);
  const listening = canonicalAddress(bound === "*" ? ANY_IPV6 : bound);
  if (listening !== ANY_IPV6 && !(listening === ANY_IPV4 && isIPv4(target))) return listening === target;
  return isLoopback(target) || isOwn(target);
}

/** A graph of configuration lines, with an edge where the target of one line is another line. It never holds a loop. */
export class RouteGraph {
  /** For each line, the number of edges to each next line. */
  readonly #next = new Map<string, Tally<string>>();

  /** Adds an edge and returns true. Adds nothing and returns false where the edge would close a loop. */
  add(from: string, to: string): boolean {
    if (this.#hasPath(to, from, new Set())) return false;
    const next = this.#next.get(from) ?? new Tally<string>();
    this.#next.set(from, next);
    next.add(to);
    return true;
  }

  /** Removes one edge that {@link add} has added. */
  remove(from: string, to: string): void {
    const next = this.#next.get(from);
    next?.remove(to);
    if (next?.size === 0) this.#next.delete(from);
  }

  #hasPath(from: string, to: string, seen: Set<string>): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...(this.#next.get(from)?.keys() ?? [])].some((line) => this.#hasPath(line, to, seen));
  }
}
