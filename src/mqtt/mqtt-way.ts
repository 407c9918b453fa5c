import { printableJson } from "../core/parse/text.js";
import type { Delivery, NotificationWay } from "../notify/notification-way.js";

/** Publishes messages that are made when they leave. */
export interface MqttPoster {
  /**
   * @param topic below the prefix
   * @param content undefined: there is nothing to say any more, and {@link settled} is not called
   * @param settled called once: whether it has arrived, or was dropped
   */
  post(topic: string, content: () => string | undefined, settled: (arrived: boolean) => void): void;
}

/** With every chunk of a fast device a message of its own, a broker would have more to do than the daemon. */
const LEAST_PACE_MS = 100;

/**
 * Publishes the events of a connection as JSON (NMQT). At most one of them waits for the broker, and says what has happened when it leaves:
 * so an outage of the broker costs one message for each connection.
 */
export class MqttWay implements NotificationWay {
  readonly tellsAll = true;
  readonly leastPaceMs = LEAST_PACE_MS;
  readonly #topic: string;
  readonly #mqtt: MqttPoster;
  #delivery: Delivery | undefined;

  /** @param topic below the prefix */
  constructor(topic: string, mqtt: MqttPoster) {
    this.#topic = topic;
    this.#mqtt = mqtt;
  }

  get target(): string {
    return `mqtt ${this.#topic}`;
  }

  get request(): string {
    return `PUBLISH ${this.#topic}`;
  }

  get description(): string {
    return `MQTT topic ${this.#topic}`;
  }

  send(delivery: Delivery): void {
    this.#delivery = delivery;
    this.#mqtt.post(
      this.#topic,
      () => {
        if (this.#delivery !== delivery) return undefined;
        delivery.sent();
        const { event } = delivery;
        return event && printableJson(event);
      },
      (arrived) => queueMicrotask(() => this.#settled(delivery, arrived)), // not within the call of send()
    );
  }

  cancel(): void {
    this.#delivery = undefined;
  }

  #settled(delivery: Delivery, arrived: boolean): void {
    if (this.#delivery !== delivery) return;
    this.#delivery = undefined;
    if (arrived) delivery.answered({ outcome: "delivered", wasSent: true, text: "published" }, false);
    else delivery.answered({ outcome: "failed", wasSent: false, text: "too many messages wait for the broker" }, false);
  }
}
