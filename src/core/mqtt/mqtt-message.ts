/** How sure a message arrives: 0 at most once, 1 at least once (MQTT 3.1.1, section 4.3). */
export type Qos = 0 | 1;

/** What a connection publishes: its events as JSON, or the bytes of its remote. */
export type MqttPayload = "json" | "raw";

/** A message to be published. */
export interface MqttMessage {
  /** The whole topic. */
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: Qos;
  /** The broker keeps it for those who subscribe later. */
  readonly retain: boolean;
}

/** What a message takes of the queue, in bytes: its payload and topic, and about what an object costs. */
export function sizeOf({ topic, payload }: Pick<MqttMessage, "topic" | "payload">): number {
  return OVERHEAD + topic.length + payload.length;
}

const OVERHEAD = 100;
