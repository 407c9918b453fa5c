import { setNewest } from "../collections/newest.js";
import { FAMILIES, type Family, type HostAddress } from "./host-address.js";
import { type FoundAnswer, SOURCES, type Source } from "./lookup-progress.js";

/** Most names: a client may ask for any number. The one that was used longest ago is forgotten. */
const MAX_NAMES = 1000;
/** Shortest and longest time that an address is kept as fresh. A server's TTL may be 0, or weeks. */
const MIN_TTL_MS = 1000;
const MAX_TTL_MS = 3_600_000;

const NONE: ReadonlySet<Family> = new Set();

interface CachedAnswer {
  readonly addresses: readonly HostAddress[];
  readonly freshUntil: number;
  readonly foundAt: number;
}

interface Known {
  readonly answers: Map<Source, CachedAnswer>;
  /** Families that the name servers did not answer for the last time. */
  readonly quiet: Set<Family>;
  foundAt: number;
  /** Whether it is used although its time is over. */
  isStale: boolean;
}

/** What is remembered of a name. */
export interface CachedName {
  /** The preferred addresses first. */
  readonly addresses: readonly HostAddress[];
  /** When the last of them was found. */
  readonly foundAt: number;
  /** When the first of them expires, or has expired. */
  readonly freshUntil: number;
  readonly isStale: boolean;
}

/**
 * What was found of names, by the sources of it. Times are in milliseconds of one clock. An answer outlives its TTL: while the servers are
 * silent, an old address is better than none (RFC 8767).
 */
export class NameCache {
  /** The name that was used last comes last. */
  readonly #names = new Map<string, Known>();

  /** Number of names. */
  get size(): number {
    return this.#names.size;
  }

  /** What is known of a name, fresh or not; undefined: nothing. */
  get(name: string): CachedName | undefined {
    const known = this.#use(name);
    if (known === undefined) return undefined;
    const answers = SOURCES.flatMap((source) => known.answers.get(source) ?? []);
    return {
      addresses: answers.flatMap(({ addresses }) => addresses),
      foundAt: known.foundAt,
      freshUntil: Math.min(...answers.map(({ freshUntil }) => freshUntil)),
      isStale: known.isStale,
    };
  }

  /**
   * A source has found addresses. The system and the name servers know a name by different means: what the other one has said is dropped.
   *
   * @returns whether the name was stale, and is not any more
   */
  found(name: string, source: Source, { addresses, ttlMs }: Omit<FoundAnswer, "kind">, now: number): boolean {
    const known = this.#use(name) ?? this.#add(name);
    for (const other of source === "system" ? FAMILIES : (["system"] as const)) known.answers.delete(other);
    known.answers.set(source, {
      addresses,
      freshUntil: now + Math.min(MAX_TTL_MS, Math.max(MIN_TTL_MS, ttlMs)),
      foundAt: now,
    });
    if (source !== "system") known.quiet.delete(source);
    known.foundAt = now;
    const wasStale = known.isStale;
    known.isStale = false;
    return wasStale;
  }

  /** The families that the name servers did not answer for the last time. */
  quiet(name: string): ReadonlySet<Family> {
    return this.#names.get(name)?.quiet ?? NONE;
  }

  /** The name servers have not answered for a family. */
  hadNoAnswer(name: string, family: Family): void {
    this.#names.get(name)?.quiet.add(family);
  }

  /** The name is used although its time is over. Returns whether that is new. */
  markStale(name: string): boolean {
    const known = this.#names.get(name);
    if (known === undefined || known.isStale) return false;
    known.isStale = true;
    return true;
  }

  /** The name has no addresses of this source any more. */
  forget(name: string, source: Source): void {
    const known = this.#names.get(name);
    known?.answers.delete(source);
    if (source !== "system") known?.quiet.delete(source);
    if (known?.answers.size === 0) this.#names.delete(name);
  }

  /**
   * The sources have answered a lookup: what none of them has said again is dropped when its time is over.
   *
   * @param since when the lookup began. It may outlast what it has found: a family that has no answer takes seconds.
   */
  forgetExpired(name: string, since: number, now: number): void {
    for (const [source, { freshUntil, foundAt }] of this.#names.get(name)?.answers ?? []) {
      if (freshUntil <= now && foundAt < since) this.forget(name, source);
    }
  }

  #use(name: string): Known | undefined {
    const known = this.#names.get(name);
    if (known === undefined) return undefined;
    this.#names.delete(name);
    this.#names.set(name, known);
    return known;
  }

  #add(name: string): Known {
    const known: Known = { answers: new Map(), quiet: new Set(), foundAt: 0, isStale: false };
    setNewest(this.#names, name, known, MAX_NAMES);
    return known;
  }
}
