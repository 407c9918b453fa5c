import { Queue } from "../collections/queue.js";
import type { FixedMessage, MqttMessage, Qos } from "./mqtt-message.js";
import { Outbox, type OutboxLimits } from "./outbox.js";
import { type RetainedLimits, RetainedTopics } from "./retained-topics.js";

/** Everything that is to be published: messages that go once, and the last ones of topics that say how things are. */
export class Outgoing {
  readonly #outbox: Outbox;
  readonly #retained: RetainedTopics;
  /** Topics whose last message the broker has not got on this connection. */
  readonly #unsaid = new Queue<string>();
  #refused = 0;
  /** What was dropped in earlier outages. */
  #droppedBefore = 0;

  constructor(outbox: OutboxLimits, retained: RetainedLimits) {
    this.#outbox = new Outbox(outbox);
    this.#retained = new RetainedTopics(retained);
  }

  /** Messages that wait. */
  get size(): number {
    return this.#outbox.size + this.#unsaid.size;
  }

  /** The memory of the messages that go once, in bytes. */
  get bytes(): number {
    return this.#outbox.bytes;
  }

  /** Messages that were dropped since the start, because there was no room for more. */
  get dropped(): number {
    return this.#outbox.dropped + this.#refused;
  }

  /** Those of them that were dropped since all was said last. */
  get droppedNow(): number {
    return this.dropped - this.#droppedBefore;
  }

  /** The last messages of all topics that are kept. */
  get kept(): FixedMessage[] {
    return this.#retained.all;
  }

  /** Whether a topic is kept. */
  keeps(topic: string): boolean {
    return this.#retained.of(topic) !== undefined;
  }

  /** Adds a message that goes once. */
  send(message: MqttMessage): void {
    this.#outbox.push(message);
  }

  /** Counts a message that there is no room for. */
  refuse(): void {
    this.#refused += 1;
  }

  /** Adds the last message of a topic: it replaces the one before it, and goes out on each connection. An empty one takes the topic away. */
  keep(topic: string, payload: string | Buffer, qos: Qos): void {
    if (this.#retained.keep({ topic, payload, qos, retain: true })) this.#unsaid.push(topic);
    else this.refuse();
  }

  /** Keeps a topic no longer, and leaves it at the broker as it is. */
  leave(topic: string): void {
    this.#retained.leave(topic);
  }

  /**
   * Says again what is kept: a broker, or somebody who listens, may have lost it.
   *
   * @param last the topic that comes behind all others
   */
  repeat(last?: string): void {
    for (const { topic } of this.#retained.all) this.#unsaid.push(topic);
    if (last !== undefined && this.#unsaid.delete(last)) this.#unsaid.push(last);
  }

  /** Removes and returns the message whose turn it is: what is kept goes first, as it stands now. */
  take(): FixedMessage | undefined {
    for (let topic = this.#unsaid.take(); topic !== undefined; topic = this.#unsaid.take()) {
      const kept = this.#retained.of(topic);
      if (kept !== undefined) return kept;
    }
    for (let message = this.#outbox.take(); message !== undefined; message = this.#outbox.take()) {
      const { payload } = message;
      const said = typeof payload === "function" ? payload() : payload;
      if (said !== undefined) return { ...message, payload: said };
    }
    return undefined;
  }

  /** A message has arrived, as far as its QoS tells. */
  settled(message: FixedMessage): void {
    message.settled?.(true);
    if (message.retain) this.#retained.published(message);
    if (this.size === 0) this.#droppedBefore = this.dropped;
  }

  /** The connection has ended with these under way: with QoS 1 they go again, with QoS 0 nothing goes twice. */
  unsettled(messages: readonly FixedMessage[]): void {
    this.#outbox.putBack(messages.filter(({ qos, retain }) => qos === 1 && !retain));
    for (const { qos, settled } of messages) if (qos === 0) settled?.(true);
  }

  /** Removes and returns the messages that go once. */
  takeAll(): MqttMessage[] {
    const all: MqttMessage[] = [];
    for (let one = this.#outbox.take(); one !== undefined; one = this.#outbox.take()) all.push(one);
    return all;
  }
}
