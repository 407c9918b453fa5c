import { Deque } from "../collections/deque.js";
import { type MqttMessage, sizeOf } from "./mqtt-message.js";

/** What may wait for the broker. */
export interface OutboxLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** Messages that wait for the broker, the oldest first. When they are too many, the oldest is dropped and counted. */
export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #messages = new Deque<MqttMessage>();
  #count = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#count;
  }

  /** The memory of those that wait, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Messages dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds a message at the end. @returns how many older ones, or the message itself where it is too large, have been dropped for that */
  push(message: MqttMessage): number {
    const before = this.#dropped;
    if (sizeOf(message) > this.#limits.bytes) {
      this.#dropped += 1;
      return 1;
    }
    this.#messages.push(message);
    this.#add(message);
    while (this.#count > this.#limits.messages || this.#bytes > this.#limits.bytes) {
      this.take();
      this.#dropped += 1;
    }
    return this.#dropped - before;
  }

  /** Removes and returns the message whose turn it is. */
  take(): MqttMessage | undefined {
    const message = this.#messages.take();
    if (message === undefined) return undefined;
    this.#count -= 1;
    this.#bytes -= sizeOf(message);
    return message;
  }

  /** Puts messages that were taken before all others, in this order: they went out, and nobody has said that they arrived. */
  putBack(messages: readonly MqttMessage[]): void {
    for (const message of [...messages].reverse()) {
      this.#messages.pushFront(message);
      this.#add(message);
    }
  }

  #add(message: MqttMessage): void {
    this.#count += 1;
    this.#bytes += sizeOf(message);
  }
}
