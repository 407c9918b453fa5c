import { FAMILIES, type Family, type HostAddress } from "./host-address.js";

/** Who answers: the name servers for each family by itself, or the system's resolver. */
export type Source = Family | "system";

/** All sources, the preferred addresses first: IPv6 before IPv4 (RFC 8305, section 4). */
export const SOURCES: readonly Source[] = [...FAMILIES, "system"];

/** What a source says about a name. */
export type Answer =
  | { readonly kind: "found"; readonly addresses: readonly HostAddress[]; readonly ttlMs: number }
  /** It has no address of this family. */
  | { readonly kind: "none" }
  /** There is no such name. */
  | { readonly kind: "unknown" }
  /** The source has not answered, or could not. */
  | { readonly kind: "silence" };

/** The answer of a source that has found addresses. */
export type FoundAnswer = Extract<Answer, { readonly kind: "found" }>;

/** What to do next about a lookup. */
export type LookupStep =
  /** Hand on what a source has found. */
  | { readonly kind: "deliver"; readonly addresses: readonly HostAddress[] }
  | { readonly kind: "ask-system" }
  /** What is still open has had no answer before: whoever waits for more addresses need not. */
  | { readonly kind: "enough" }
  /** Wait for an answer; at this time at the latest, ask again. */
  | { readonly kind: "wait"; readonly until?: number }
  | { readonly kind: "over"; readonly outcome: LookupOutcome };

/** Whether the name has addresses; `unknown`: it has none, on the word of a source; `silent`: no source has said anything. */
export type LookupOutcome = "found" | "unknown" | "silent";

/** IPv4 addresses wait so long for IPv6 addresses to come before them (RFC 8305, section 8). */
const RESOLUTION_DELAY_MS = 50;
/** The system's resolver is asked, too, when the name servers have found nothing in this time. */
const SYSTEM_AFTER_MS = 1000;

/** So long the system has for a name of which one server question says that it does not exist, and the other one has no answer. */
const UNKNOWN_WITHIN_MS = 3500;

/** Whether only the system may know a name: by multicast DNS (RFC 6762), or by the domains that it puts behind single words. */
function isForSystem(name: string): boolean {
  const bare = name.toLowerCase().replace(/\.$/, "");
  return !bare.includes(".") || bare.endsWith(".local");
}

/**
 * The course of one lookup. The name servers are asked for each family by itself, and the system's resolver where that is not enough.
 * Whatever comes first is delivered first: a source that is slow, or silent, holds nothing up. Times are in milliseconds of one clock.
 */
export class LookupProgress {
  readonly #answers = new Map<Source, Answer>();
  readonly #delivered = new Set<Source>();
  /** Families that had no answer the last time. */
  readonly #quiet: ReadonlySet<Family>;
  readonly #isForSystem: boolean;
  /** When the system is to be asked. */
  #systemAt: number;
  #isEnoughSaid = false;
  #systemAskedAt: number | undefined;
  /** Until when IPv4 addresses wait. */
  #heldUntil = 0;

  /**
   * @param name in any case, with or without a final dot
   * @param quiet families that the name servers have not answered for the last time
   */
  constructor(name: string, now: number, quiet: ReadonlySet<Family>) {
    this.#quiet = quiet;
    this.#isForSystem = isForSystem(name);
    this.#systemAt = now + (this.#isForSystem ? 0 : SYSTEM_AFTER_MS);
  }

  /** What has been delivered, the preferred addresses first. */
  get found(): HostAddress[] {
    return SOURCES.flatMap((source) => (this.#delivered.has(source) ? (this.#foundBy(source)?.addresses ?? []) : []));
  }

  /** Whether the name servers have found nothing yet. */
  get isUndecided(): boolean {
    return !FAMILIES.some((family) => this.#kindOf(family) === "found");
  }

  /** Whether there are addresses, and likely no others will come. */
  get isEnough(): boolean {
    const hasAddresses = SOURCES.some((source) => this.#kindOf(source) === "found");
    return hasAddresses && FAMILIES.every((family) => this.#answers.has(family) || this.#quiet.has(family));
  }

  /** Whether the name servers have given up on a family. */
  isSilent(family: Family): boolean {
    return this.#kindOf(family) === "silence";
  }

  /** A source has answered, once and for all. */
  said(source: Source, answer: Answer, now: number): void {
    this.#answers.set(source, answer);
    if (source === 4) this.#heldUntil = now + RESOLUTION_DELAY_MS;
    if (answer.kind === "unknown") this.#systemAt = Math.min(this.#systemAt, now + RESOLUTION_DELAY_MS);
  }

  /** What to do now. All but a `wait` counts as done. */
  next(now: number): LookupStep {
    return this.#deliver(now) ?? this.#askSystem(now) ?? this.#end(now) ?? this.#tellEnough() ?? this.#wait(now);
  }

  #deliver(now: number): LookupStep | undefined {
    for (const source of SOURCES) {
      const answer = this.#foundBy(source);
      if (answer === undefined || this.#delivered.has(source) || (source === 4 && this.#isHeld(now))) continue;
      this.#delivered.add(source);
      return { kind: "deliver", addresses: answer.addresses };
    }
    return undefined;
  }

  #askSystem(now: number): LookupStep | undefined {
    const isWanted = this.isUndecided && (now >= this.#systemAt || this.#areServersDone);
    if (this.#systemAskedAt !== undefined || !isWanted) return undefined;
    this.#systemAskedAt = now;
    return { kind: "ask-system" };
  }

  #tellEnough(): LookupStep | undefined {
    if (this.#isEnoughSaid || !this.isEnough) return undefined;
    this.#isEnoughSaid = true;
    return { kind: "enough" };
  }

  #end(now: number): LookupStep | undefined {
    const isSystemDone = this.#answers.has("system");
    const isOver = this.isUndecided ? isSystemDone && (this.#areServersDone || this.#isUnknown) : this.#areServersDone;
    return isOver || now >= this.#unknownAt ? { kind: "over", outcome: this.#outcome } : undefined;
  }

  #wait(now: number): LookupStep {
    const times = [this.#unknownAt];
    if (this.#kindOf(4) === "found" && this.#isHeld(now)) times.push(this.#heldUntil);
    if (this.#systemAskedAt === undefined && this.isUndecided) times.push(this.#systemAt);
    const until = Math.min(...times);
    return until === Number.POSITIVE_INFINITY ? { kind: "wait" } : { kind: "wait", until };
  }

  /** When a name counts as unknown although not every source has answered. */
  get #unknownAt(): number {
    const isWaiting = this.#isUnknown && this.isUndecided && !this.#areServersDone;
    return isWaiting && this.#systemAskedAt !== undefined
      ? this.#systemAskedAt + UNKNOWN_WITHIN_MS
      : Number.POSITIVE_INFINITY;
  }

  get #outcome(): LookupOutcome {
    if (this.#kindOf("system") === "found" || !this.isUndecided) return "found";
    if (this.#isForSystem && this.#kindOf("system") === "silence") return "silent"; // what name servers say of it counts for nothing
    return this.#isUnknown || FAMILIES.every((family) => this.#kindOf(family) === "none") ? "unknown" : "silent";
  }

  /** A server says that the name does not exist: that holds for both families (RFC 8020), but not for the system. */
  get #isUnknown(): boolean {
    return FAMILIES.some((family) => this.#kindOf(family) === "unknown");
  }

  get #areServersDone(): boolean {
    return FAMILIES.every((family) => this.#answers.has(family));
  }

  #isHeld(now: number): boolean {
    return !this.#answers.has(6) && !this.#quiet.has(6) && now < this.#heldUntil;
  }

  #kindOf(source: Source): Answer["kind"] | undefined {
    return this.#answers.get(source)?.kind;
  }

  #foundBy(source: Source): FoundAnswer | undefined {
    const answer = this.#answers.get(source);
    return answer?.kind === "found" ? answer : undefined;
  }
}
