import { LogThrottle } from "../core/limits/log-throttle.js";
import { PRESENCE_MS, PrefixSharers, type Presence, type Publisher, presenceOf } from "../core/mqtt/prefix-sharing.js";
import type { Timer } from "../system/clock.js";
import type { BrokerSettings, LinkContext } from "./broker-settings.js";

/**
 * Others get so long to answer before this daemon counts as the only one. A broker finds out within 45 s that a connection is dead, and
 * publishes the last will then: `offline`.
 */
const ANSWER_MS = 60_000;
/** Anybody on the broker can ask: the answer comes this often at most. */
const LEAST_MS = 5000;

/** What it needs of the link. */
export interface ClaimOwner {
  /** Publishes at the topic by which daemons find each other. */
  say(payload: string): void;
  /** Another daemon has come or gone: it may have written over what the broker keeps of this one, or have taken it away. */
  shared(): void;
}

/**
 * Finds out whether another daemon publishes below the same prefix, and tells the log. Until that is known, and while one is there, nothing
 * that may be the other one's is taken away.
 */
export class PrefixClaim {
  readonly #context: LinkContext;
  readonly #prefix: string;
  readonly #own: Publisher;
  readonly #sharers: PrefixSharers;
  readonly #owner: ClaimOwner;
  /** The others have had time to answer, or the broker has said that nobody is there. */
  #isSure = false;
  #answers: Timer | undefined;
  #next: Timer | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** Another one has come or gone since this daemon has said something. */
  #hasChanged = false;
  /** The log says that the prefix is shared. */
  #isTold = false;
  readonly #throttle = new LogThrottle();

  constructor({ prefix, publisher }: BrokerSettings, context: LinkContext, owner: ClaimOwner) {
    this.#prefix = prefix;
    this.#own = publisher;
    this.#context = context;
    this.#owner = owner;
    this.#sharers = new PrefixSharers(publisher);
  }

  /** The other daemons, and for how long they have been known, in milliseconds. */
  get sharers(): { readonly id: string; readonly host: string; readonly sinceMs: number }[] {
    const now = this.#context.clock.now();
    return this.#sharers.at(now).map(({ id, host, since }) => ({ id, host, sinceMs: Math.round(now - since) }));
  }

  /** The ids of the other daemons; undefined: they are not known yet. */
  get others(): ReadonlySet<string> | undefined {
    return this.#isSure ? new Set(this.sharers.map(({ id }) => id)) : undefined;
  }

  /** The broker has taken a connection. */
  began(): void {
    this.ended();
    this.#isSure = false;
    this.#say("hello");
    this.#look();
  }

  /** The connection is over. */
  ended(): void {
    this.#answers?.cancel();
    this.#answers = undefined;
    this.#next?.cancel();
  }

  /** The link is given up: others need not wait until they miss this daemon. */
  leave(): void {
    this.ended();
    if (this.sharers.length > 0) this.#say("bye");
  }

  /** This stands as the status at the broker. A daemon that is there never leaves `offline` there. */
  status(text: string): void {
    if (text === "offline") this.#isSure = true;
  }

  /** Somebody has said that he is there, perhaps this daemon: what it says reaches the others at that time, too. */
  heard(payload: string): void {
    const { clock } = this.#context;
    const who = this.#sharers.heard(payload, clock.now());
    if (who === "own") {
      this.#answers ??= clock.after(ANSWER_MS, () => {
        this.#isSure = true;
      });
    } else if (who === "new" || who === "asks" || who === "left") {
      this.#hasChanged ||= who !== "asks";
      this.#look();
      this.#sayIn(Math.max(0, this.#saidAt + LEAST_MS - clock.now()));
    }
  }

  #say(says: Presence): void {
    this.#saidAt = this.#context.clock.now();
    this.#owner.say(presenceOf(this.#own, says));
  }

  #sayIn(ms: number): void {
    this.#next?.cancel();
    this.#next = this.#context.clock.after(ms, () => {
      this.#say("here");
      this.#look();
      if (this.#hasChanged) this.#owner.shared();
      this.#hasChanged = false;
    });
  }

  /** While others are there, they hear of this daemon from time to time. */
  #look(): void {
    const [other] = this.sharers;
    if ((other !== undefined) !== this.#isTold) this.#tell(other?.host);
    if (other !== undefined) this.#sayIn(PRESENCE_MS);
    else this.#next?.cancel();
  }

  #tell(host: string | undefined): void {
    this.#isTold = host !== undefined;
    this.#hasChanged = true;
    const news =
      host === undefined
        ? `no other daemon publishes below "${this.#prefix}" any more`
        : `another daemon, on ${host}, publishes below "${this.#prefix}", too; give one of them another prefix in [mqtt]`;
    const { clock, log } = this.#context;
    const more = this.#throttle.mention(this.#isTold ? "shared" : "alone", clock.now());
    if (more !== undefined) log.warn(`mqtt: ${news}${more}`);
  }
}
