import { Tally } from "../collections/tally.js";
import { canonicalAddress, isIPv4, isLoopback } from "./address.js";

/** What is said of a target where the daemon would reach itself. */
export const TARGET_IS_DAEMON = "that is this daemon itself";
/** What is said of a target by which bytes would go in a circle. */
export const TARGET_IS_LOOP = "leads back to itself";
/** So many ports of this daemon may follow the one that a client has connected to. */
export const MAX_HOPS = 8;

const ANY_IPV4 = "0.0.0.0";
const ANY_IPV6 = "::";

/** The address that the kernel connects to when it is given this one, in its canonical form: one that is unspecified means this machine. */
export function connectedAddress(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === ANY_IPV4) return "127.0.0.1";
  return canonical === ANY_IPV6 ? "::1" : canonical;
}

/**
 * Whether somebody who connects to an address finds what listens at `bound`.
 *
 * @param bound an address of this machine; `*` or `::`: all of them, `0.0.0.0`: those of IPv4
 * @param isOwn whether an address, in its canonical form, is one of this machine's interfaces
 */
export function reachesListener(address: string, bound: string, isOwn: (address: string) => boolean): boolean {
  const target = connectedAddress(address);
  const place = canonicalAddress(bound === "*" ? ANY_IPV6 : bound);
  if (place !== ANY_IPV6 && !(place === ANY_IPV4 && isIPv4(target))) return place === target;
  return isLoopback(target) || isOwn(target);
}

/** Which line of the configuration leads to which other one. There is never a circle in it. */
export class RouteGraph {
  /** For each line, how many ways there are to each of the next. */
  readonly #next = new Map<string, Tally<string>>();

  /** One more way from a line to another; returns whether there may be one: not where it closes a circle. */
  add(from: string, to: string): boolean {
    if (this.#leads(to, from, new Set())) return false;
    const next = this.#next.get(from) ?? new Tally<string>();
    this.#next.set(from, next);
    next.add(to);
    return true;
  }

  /** One way is there no longer. */
  remove(from: string, to: string): void {
    const next = this.#next.get(from);
    next?.remove(to);
    if (next?.size === 0) this.#next.delete(from);
  }

  #leads(from: string, to: string, seen: Set<string>): boolean {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...(this.#next.get(from)?.keys() ?? [])].some((line) => this.#leads(line, to, seen));
  }
}
