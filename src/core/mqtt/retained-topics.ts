import { type FixedMessage, sizeOf } from "./mqtt-message.js";

/** How much the daemon keeps of its own. */
export interface RetainedLimits {
  readonly topics: number;
  readonly bytes: number;
}

/**
 * The last message of each topic that the broker is to retain. A broker may forget them, or never have had them: so all are published again
 * on every connection. An empty message takes a topic away; it is kept until it has been published.
 */
export class RetainedTopics {
  readonly #limits: RetainedLimits;
  readonly #last = new Map<string, FixedMessage>();
  #bytes = 0;

  constructor(limits: RetainedLimits) {
    this.#limits = limits;
  }

  /** All of them, in the order in which the topics came. */
  get all(): FixedMessage[] {
    return [...this.#last.values()];
  }

  get size(): number {
    return this.#last.size;
  }

  /** The last message of a topic. */
  of(topic: string): FixedMessage | undefined {
    return this.#last.get(topic);
  }

  /** @returns false where there is no room for one more */
  keep(message: FixedMessage): boolean {
    const before = this.#last.get(message.topic);
    const bytes = this.#bytes + sizeOf(message) - (before === undefined ? 0 : sizeOf(before));
    const topics = this.#last.size + (before === undefined ? 1 : 0);
    if (topics > this.#limits.topics || bytes > this.#limits.bytes) return false;
    this.#last.set(message.topic, message);
    this.#bytes = bytes;
    return true;
  }

  /** A message has been published: where it took its topic away, nothing of it has to be kept. */
  published(message: FixedMessage): void {
    if (message.payload.length === 0 && this.#last.get(message.topic) === message) this.leave(message.topic);
  }

  /** Keeps a topic no longer. */
  leave(topic: string): void {
    const last = this.#last.get(topic);
    if (last === undefined) return;
    this.#last.delete(topic);
    this.#bytes -= sizeOf(last);
  }
}
