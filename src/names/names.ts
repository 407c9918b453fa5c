import { LogThrottle } from "../core/limits/log-throttle.js";
import type { HostAddress } from "../core/names/host-address.js";
import { type Answer, type LookupOutcome, SOURCES, type Source } from "../core/names/lookup-progress.js";
import { type CachedName, NameCache } from "../core/names/name-cache.js";
import { isAddress, isIPv4 } from "../core/net/address.js";
import type { Log } from "../log/log.js";
import type { Clock } from "../system/clock.js";
import { DnsChannels, DnsServers } from "./dns-servers.js";
import { askHostsFile } from "./hosts-file.js";
import { type LookupOwner, NameLookup } from "./name-lookup.js";
import { NameSearch, nameError, type Search, type SearchDesk, type Seeker } from "./name-search.js";
import type { NameSources } from "./name-sources.js";
import { SystemResolver } from "./system-resolver.js";

/** Names that are looked up at a time. One more takes the place of one that nobody waits for any more, or of the oldest. */
const MAX_LOOKUPS = 2048;
/** What was found so short a time ago is not asked for again. */
const JUST_FOUND_MS = 1000;

/** The sources of this machine. */
function systemSources(clock: Clock): NameSources {
  const system = new SystemResolver(clock);
  const channels = new DnsChannels();
  return {
    hosts: askHostsFile,
    servers: () => new DnsServers(channels),
    system: (name) => system.ask(name),
    close() {
      system.close();
      channels.close();
    },
  };
}

/**
 * Finds the addresses of names, for all that connects to one. What was found is kept for its TTL, and used on while the name servers are
 * silent. A source that is slow holds nobody up where another one has answered (docs/decisions/0013-what-is-known-of-a-name.md).
 */
export class Names {
  readonly #clock: Clock;
  readonly #log: Pick<Log, "warn" | "times">;
  readonly #sources: NameSources;
  readonly #desk: SearchDesk;
  readonly #owner: LookupOwner = {
    said: ({ name }, source, answer) => this.#said(name, source, answer),
    over: (lookup, outcome) => this.#over(lookup, outcome),
  };
  readonly #cache = new NameCache();
  readonly #throttle = new LogThrottle();
  /** By name, the latest lookup that is under way. */
  readonly #lookups = new Map<string, NameLookup>();
  readonly #running = new Set<NameLookup>();

  constructor(clock: Clock, log: Pick<Log, "warn" | "times">, sources = systemSources(clock)) {
    this.#clock = clock;
    this.#log = log;
    this.#sources = sources;
    this.#desk = {
      clock,
      fixed: (host) => this.#fixed(host),
      cached: (name) => this.#cache.get(name),
      lookup: (name) => this.#lookup(name),
      usesStale: (name, cached) => this.#usesStale(name, cached),
    };
  }

  /**
   * Begins to find the addresses of a host. The seeker is told later, not during this call.
   *
   * @param host a name in any case, with or without a final dot, or an address
   */
  search(host: string, seeker: Seeker): Search {
    return new NameSearch(keyOf(host), seeker, this.#desk);
  }

  /**
   * The first addresses of a host that become known.
   *
   * @param withinMs the limit, in milliseconds; as long as the sources take where it is left out
   * @throws {NodeJS.ErrnoException} with code `ENOTFOUND` or `ETIMEOUT`
   */
  first(host: string, withinMs?: number): Promise<readonly HostAddress[]> {
    return new Promise((resolve, reject) => {
      const search = this.search(host, {
        found(addresses) {
          search.cancel();
          limit?.cancel();
          resolve(addresses);
        },
        ended(_isKept, error) {
          limit?.cancel();
          reject(error);
        },
      });
      const limit =
        withinMs === undefined
          ? undefined
          : this.#clock.after(withinMs, () => {
              search.cancel();
              reject(nameError(host, "silent"));
            });
    });
  }

  /** What is kept of a host is of no use: the next search asks anew. */
  forget(host: string): void {
    for (const source of SOURCES) this.#cache.forget(keyOf(host), source);
  }

  /** Gives up whatever is under way. */
  close(): void {
    for (const lookup of this.#running) lookup.cancel();
    this.#sources.close();
  }

  async #fixed(host: string): Promise<readonly HostAddress[]> {
    return isAddress(host) ? [{ address: host, family: isIPv4(host) ? 4 : 6 }] : this.#sources.hosts(host);
  }

  #lookup(name: string): NameLookup | undefined {
    const foundAt = this.#cache.get(name)?.foundAt ?? Number.NEGATIVE_INFINITY;
    const isJustFound = this.#clock.now() - foundAt < JUST_FOUND_MS;
    const known = this.#lookups.get(name);
    if (known !== undefined && (isJustFound || (known.isUndecided && known.asksCurrentServers))) return known;
    if (isJustFound) return undefined;
    if (this.#running.size >= MAX_LOOKUPS) this.#giveOneUp();
    const lookup = new NameLookup(name, this.#sources, this.#clock, this.#owner, this.#cache.quiet(name));
    this.#lookups.set(name, lookup);
    this.#running.add(lookup);
    return lookup;
  }

  #giveOneUp(): void {
    const running = [...this.#running];
    const needless = running.find(({ isAwaited }) => !isAwaited);
    (needless ?? running[0])?.giveUp();
  }

  #said(name: string, source: Source, answer: Answer): void {
    if (answer.kind === "found") {
      const wasStale = this.#cache.found(name, source, answer, this.#clock.now());
      if (wasStale) this.#warn(name, `fresh again: ${listOf(answer.addresses)}`);
    } else if (answer.kind !== "silence" && source !== "system") {
      this.#cache.forget(name, source);
    }
  }

  #over(lookup: NameLookup, outcome: LookupOutcome): void {
    const { name } = lookup;
    this.#running.delete(lookup);
    if (this.#lookups.get(name) === lookup) this.#lookups.delete(name);
    if (outcome === "unknown") for (const source of SOURCES) this.#cache.forget(name, source);
    if (outcome === "found") this.#cache.forgetExpired(name, lookup.startedAt, this.#clock.now());
    for (const family of lookup.silentFamilies) this.#cache.hadNoAnswer(name, family);
  }

  #usesStale(name: string, { addresses, freshUntil }: CachedName): void {
    if (!this.#cache.markStale(name)) return;
    const since = this.#log.times.iso(this.#clock.epochMs() - (this.#clock.now() - freshUntil));
    this.#warn(name, `no answer from the name servers; ${listOf(addresses)} is used on (stale, since ${since})`);
  }

  /** A server that is slow time and again does not fill the log. */
  #warn(name: string, text: string): void {
    const more = this.#throttle.mention(`${name} ${text.split(/[:;]/, 1)[0]}`, this.#clock.now());
    if (more !== undefined) this.#log.warn(`name ${name}: ${text}${more}`);
  }
}

/** The form of a name that identifies it. */
function keyOf(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function listOf(addresses: readonly HostAddress[]): string {
  return addresses.map(({ address }) => address).join(", ");
}
