/** How sure a message arrives: 0 at most once, 1 at least once (MQTT 3.1.1, section 4.3). */
export type Qos = 0 | 1;

/** What a connection publishes: its events as JSON, or the bytes of its remote as they come, or line by line. */
export const MQTT_PAYLOADS = ["json", "raw", "lines"] as const;
export type MqttPayload = (typeof MQTT_PAYLOADS)[number];

/** What a message says; a function is asked when the message leaves, and may say nothing any more. */
export type MqttContent = string | Buffer | (() => string | undefined);

/** A message to be published. */
export interface MqttMessage<Content extends MqttContent = MqttContent> {
  /** The whole topic. */
  readonly topic: string;
  readonly payload: Content;
  readonly qos: Qos;
  /** The broker keeps it for those who subscribe later. */
  readonly retain: boolean;
  /** Called once: whether it has arrived, as far as its QoS tells, or was dropped. */
  readonly settled?: ((arrived: boolean) => void) | undefined;
}

/** A message as it leaves. */
export type FixedMessage = MqttMessage<string | Buffer>;

/** What a message takes of the queue, in bytes: its payload and topic, and about what an object costs. */
export function sizeOf({ topic, payload }: Pick<MqttMessage, "topic" | "payload">): number {
  return OVERHEAD + topic.length + (typeof payload === "function" ? EVENT_BYTES : payload.length);
}

const OVERHEAD = 100;
const EVENT_BYTES = 400; // an event as JSON
