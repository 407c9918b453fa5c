import type { Qos } from "../core/mqtt/mqtt-message.js";

/** How a message is published. */
export interface PublishOptions {
  /** The broker keeps it for those who subscribe later; an empty payload takes the topic away again. Left out: it does not. */
  readonly retain?: boolean;
  /** Left out: as `[mqtt]` says. */
  readonly qos?: Qos;
}

/** A value that Home Assistant shows, of a line with a name. */
export interface MqttSensor {
  /** The name of the line: its device in Home Assistant. */
  readonly line: string;
  /** The name of the value, for people; one of its own within the line. */
  readonly name: string;
  /** The topic below the prefix that has the value as its payload. */
  readonly topic: string;
  /** Such as `W`; it tells Home Assistant what kind of value that is (`src/core/mqtt/unit-kinds.ts`). */
  readonly unit?: string;
  /** The topic below the prefix that says, by `online` and `offline`, whether the value is true now; left out: it is while the daemon is there. */
  readonly availability?: string;
  /** The value is `true` or `false`. */
  readonly isBinary?: true;
}

/** Publishes to the MQTT broker of `[mqtt]`. All topics are below its prefix. Calls return at once and never fail. */
export interface MqttPublisher {
  /** Publishes a message, when the broker is there. What waits is bounded: the oldest messages are dropped then, and counted. */
  publish(topic: string, payload: string | Buffer, options?: PublishOptions): void;
  /**
   * Takes messages of a topic, not those that the broker has retained.
   *
   * @returns ends that
   */
  subscribe(topic: string, take: (payload: Buffer) => void): () => void;
  /**
   * Has Home Assistant show a value, where `discovery` asks for that.
   *
   * @returns takes it away again
   */
  announce(sensor: MqttSensor): () => void;
}

/** The part of the daemon that publishes. */
export interface MqttContext {
  /** Undefined: no broker was configured since the start. */
  mqtt(): MqttPublisher | undefined;
}
