import { promises } from "node:dns";
import type { Family } from "../core/names/host-address.js";
import type { Answer } from "../core/names/lookup-progress.js";
import type { NameServers } from "./name-sources.js";

/** c-ares waits 5 s at most. It asks once: what it asks again it asks from another port, and misses a late answer to the first packet. */
const ONCE = { timeout: 5000, tries: 1 };
/** Most addresses of one family that are kept: nobody waits until so many have failed. */
const MAX_ADDRESSES = 32;
const MS_PER_S = 1000;
/** Most c-ares for one server. */
const MAX_CHANNELS = 32;

/** Node knows these servers by their addresses alone, without the interface that they are reached by (RFC 4007). */
const LINK_LOCAL = /^\[?fe80:/i;

/** One c-ares, with a socket of its own for one server. */
interface Channel {
  readonly resolver: promises.Resolver;
  /** Questions that are not answered. */
  open: number;
}

/**
 * The c-ares of all lookups. Each question has one of its own: its port is hard to guess, and a server that answers only once on a TCP
 * connection spoils no other question. Only where very many are open they share, so that names cost a bounded number of descriptors.
 */
export class DnsChannels {
  readonly #channels = new Map<string, Channel[]>();
  #turn = 0;

  /** Asks a server for the addresses of one family of a name. */
  async ask(server: string, name: string, family: Family): Promise<Answer> {
    const channel = this.#channel(server);
    channel.open += 1;
    try {
      const { resolver } = channel;
      const records = await (family === 4
        ? resolver.resolve4(name, { ttl: true })
        : resolver.resolve6(name, { ttl: true }));
      const addresses = records.slice(0, MAX_ADDRESSES).map(({ address }) => ({ address, family }));
      if (addresses.length === 0) return { kind: "none" };
      return { kind: "found", addresses, ttlMs: Math.min(...records.map(({ ttl }) => ttl)) * MS_PER_S };
    } catch (error) {
      return { kind: ANSWERS[(error as NodeJS.ErrnoException).code ?? ""] ?? "silence" };
    } finally {
      this.#answered(server, channel);
    }
  }

  /** Ends all questions; they are answered by silence. */
  close(): void {
    for (const each of [...this.#channels.values()].flat()) each.resolver.cancel();
  }

  #channel(server: string): Channel {
    const channels = this.#channels.get(server) ?? [];
    this.#channels.set(server, channels);
    this.#turn += 1;
    const shared = channels[this.#turn % MAX_CHANNELS];
    if (channels.length >= MAX_CHANNELS && shared !== undefined) return shared;
    const resolver = new promises.Resolver(ONCE);
    if (!LINK_LOCAL.test(server)) resolver.setServers([server]);
    const channel = { resolver, open: 0 };
    channels.push(channel);
    return channel;
  }

  #answered(server: string, channel: Channel): void {
    channel.open -= 1;
    if (channel.open > 0) return;
    const left = (this.#channels.get(server) ?? []).filter((each) => each !== channel);
    if (left.length > 0) this.#channels.set(server, left);
    else this.#channels.delete(server);
  }
}

/** The name servers that `/etc/resolv.conf` names now. They are asked by c-ares, which needs no thread and repeats by TCP what is too long. */
export class DnsServers implements NameServers {
  readonly #servers: readonly string[];
  readonly #channels: DnsChannels;

  constructor(channels: DnsChannels) {
    this.#channels = channels;
    this.#servers = serversNow();
  }

  get count(): number {
    return this.#servers.length;
  }

  areCurrent(): boolean {
    return serversNow().join(" ") === this.#servers.join(" ");
  }

  ask(server: number, name: string, family: Family): Promise<Answer> {
    return this.#channels.ask(this.#servers[server] ?? "", name, family);
  }
}

function serversNow(): string[] {
  return new promises.Resolver().getServers();
}

/** What the errors of c-ares say about a name. All others say something about a server. */
const ANSWERS: Readonly<Record<string, "none" | "unknown">> = {
  ENODATA: "none",
  ENOTFOUND: "unknown",
  EBADNAME: "unknown",
};
