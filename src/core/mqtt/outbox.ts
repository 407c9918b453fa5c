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

  /** Adds a message at the end. Older ones make room; one that is too large is dropped itself. */
  push(message: MqttMessage): void {
    if (sizeOf(message) > this.#limits.bytes) {
      this.#drop(message);
      return;
    }
    this.#messages.push(message);
    this.#add(message);
    const { messages, bytes } = this.#limits;
    while (this.#count > messages || this.#bytes > bytes) this.#drop(this.take());
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

  #drop(message: MqttMessage | undefined): void {
    this.#dropped += 1;
    message?.settled?.(false);
  }

  #add(message: MqttMessage): void {
    this.#count += 1;
    this.#bytes += sizeOf(message);
  }
}
