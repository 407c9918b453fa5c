import type { MqttPayload, Qos } from "../core/mqtt/mqtt-message.js";
import type { End } from "../sockets/end.js";

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
  /** An amount that is there, not a counter. */
  readonly isStored?: true;
  /** The topic below the prefix that says, by `online` and `offline`, whether the value is true now; left out: it is while the daemon is there. */
  readonly availability?: string;
  /** The value is `true` or `false`. */
  readonly isBinary?: true;
}

/** A remote as an MQTT topic. */
export interface MqttBridge {
  /** What was taken for the remote so far, in bytes. */
  readonly written: number;
  /** Messages for the remote that were dropped: it was not there, or did not take them. */
  readonly refused: number;
  /** The broker is there, and much waits for it: who can, lets the remote wait. */
  readonly isBusy: boolean;
  /** Publishes bytes of the remote. @param chunk lent for this call */
  publish(chunk: Buffer): void;
  /** The same for a remote that cannot wait: while much waits for the broker, its bytes are dropped, and none of others. */
  offer(chunk: Buffer): void;
  /** The remote has said its last: half a line will not go on. */
  ended(): void;
  /** Takes nothing more. */
  end(): void;
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

/** What is written to a remote goes here. */
export type MqttRemote = Pick<End, "gone" | "unsent" | "write">;

/** Makes topics of remotes. */
export interface MqttBridges {
  /**
   * Publishes the bytes of a remote, and takes what is to be written to it (docs/mqtt.md).
   *
   * @param topic below the prefix; what others publish at `TOPIC/set` is to be written
   * @param remote undefined: there is none at the moment
   * @param payload left out: as `[mqtt]` says
   */
  bridge(topic: string, remote: () => MqttRemote | undefined, payload?: MqttPayload): MqttBridge;
}

/** The part of the daemon that publishes. */
export interface MqttContext<Part = MqttPublisher> {
  /** Undefined: no broker was configured since the start. */
  mqtt(): Part | undefined;
}
