import { promises } from "node:dns";
import type { Family } from "../core/names/host-address.js";
import type { Answer } from "../core/names/lookup-progress.js";
import type { NameServers } from "./name-sources.js";

/** c-ares waits 5 s at most. It asks once: what it asks again it asks from another port, and misses a late answer to the first packet. */
const ONCE = { timeout: 5000, tries: 1 };
/** Most addresses of one family that are kept: nobody waits until so many have failed. */
const MAX_ADDRESSES = 32;
const MS_PER_S = 1000;

/** Node knows these servers by their addresses alone, without the interface that they are reached by (RFC 4007). */
const LINK_LOCAL = /^\[?fe80:/i;

/** The name servers that `/etc/resolv.conf` names now. They are asked by c-ares, which needs no thread and repeats by TCP what is too long. */
export class DnsServers implements NameServers {
  readonly #servers: readonly string[];
  /** By round and server: one socket asks for both families. */
  readonly #resolvers = new Map<string, promises.Resolver>();

  constructor() {
    this.#servers = new promises.Resolver(ONCE).getServers();
  }

  get count(): number {
    return this.#servers.length;
  }

  async ask(server: number, round: number, name: string, family: Family): Promise<Answer> {
    const resolver = this.#resolver(server, round);
    try {
      const records = await (family === 4
        ? resolver.resolve4(name, { ttl: true })
        : resolver.resolve6(name, { ttl: true }));
      const addresses = records.slice(0, MAX_ADDRESSES).map(({ address }) => ({ address, family }));
      if (addresses.length === 0) return { kind: "none" };
      return { kind: "found", addresses, ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * MS_PER_S };
    } catch (error) {
      return { kind: ANSWERS[(error as NodeJS.ErrnoException).code ?? ""] ?? "silence" };
    }
  }

  cancel(): void {
    for (const resolver of this.#resolvers.values()) resolver.cancel();
  }

  #resolver(server: number, round: number): promises.Resolver {
    const key = `${round} ${server}`;
    const known = this.#resolvers.get(key);
    if (known !== undefined) return known;
    const resolver = new promises.Resolver(ONCE);
    const address = this.#servers[server] ?? "";
    if (!LINK_LOCAL.test(address)) resolver.setServers([address]);
    this.#resolvers.set(key, resolver);
    return resolver;
  }
}

/** What the errors of c-ares say about a name. All others say something about a server. */
const ANSWERS: Readonly<Record<string, "none" | "unknown">> = {
  ENODATA: "none",
  ENOTFOUND: "unknown",
  EBADNAME: "unknown",
};
