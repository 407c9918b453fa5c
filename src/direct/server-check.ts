import { faultText } from "../core/parse/text.js";
import type { Dial } from "../dial/dial.js";
import { DialError } from "../dial/dial-error.js";
import type { Clock, Timer } from "../system/clock.js";

/** When a server is checked, besides by its clients. */
export interface CheckRule {
  readonly when: "always" | "while-down" | "never";
  readonly everyMs: number;
  /** Longest time of an attempt to connect. */
  readonly timeoutMs: number;
}

const FIRST_WITHIN_MS = 500; // spreads the first checks of the servers of a line
const JITTER = 0.2; // keeps the later checks from getting in step

/** What a check asks of its server, and tells it. */
export interface ServerCheckOwner {
  clock(): Clock;
  isUp(): boolean;
  /** Connects as a client does. */
  dial(timeoutMs: number): Dial;
  reached(): void;
  /** @param since when the attempt began */
  failed(error: DialError, since: number): void;
  fault(text: string): void;
}

/** Connects to a server from time to time, and disconnects at once (HLTH, docs/direct.md). */
export class ServerCheck {
  readonly #owner: ServerCheckOwner;
  #rule: CheckRule;
  #timer: Timer | undefined;
  #attempt: Dial | undefined;
  #isStopped = false;

  constructor(rule: CheckRule, owner: ServerCheckOwner) {
    this.#rule = rule;
    this.#owner = owner;
    this.#schedule(Math.random() * FIRST_WITHIN_MS);
  }

  /** Applies a rule, and checks soon. */
  configure(rule: CheckRule): void {
    this.#rule = rule;
    this.#schedule(Math.random() * FIRST_WITHIN_MS);
  }

  /** The server has gone up or down. */
  changed(): void {
    if (this.#rule.when === "while-down") this.#schedule(this.#intervalMs());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#attempt?.abort();
  }

  #schedule(ms: number): void {
    this.#timer?.cancel();
    const { when } = this.#rule;
    const isWanted = when === "always" || (when === "while-down" && !this.#owner.isUp());
    if (!isWanted || this.#isStopped || this.#attempt !== undefined) return;
    this.#timer = this.#owner.clock().after(ms, () => void this.#check());
  }

  async #check(): Promise<void> {
    const since = this.#owner.clock().now();
    this.#attempt = this.#owner.dial(this.#rule.timeoutMs);
    try {
      (await this.#attempt.end).destroy();
      this.#owner.reached();
    } catch (error) {
      if (error instanceof DialError) this.#owner.failed(error, since);
      else this.#owner.fault(faultText(error));
    }
    this.#attempt = undefined;
    this.#schedule(this.#intervalMs());
  }

  #intervalMs(): number {
    return this.#rule.everyMs * (1 + JITTER * (Math.random() - 0.5));
  }
}
