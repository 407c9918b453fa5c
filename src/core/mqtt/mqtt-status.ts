/** The link to the MQTT broker, as STAT JSON shows it. Times in milliseconds. */
export interface MqttStatus {
  /** The broker, as `host:port`. */
  readonly broker: string;
  /** All topics begin with it. */
  readonly prefix: string;
  readonly connected: boolean;
  /** For how long it has been so. */
  readonly sinceMs: number;
  /** Why it is not connected, for people; absent: it is. */
  readonly why?: string;
  /** What the daemon has found that this broker does not take: `qos`: messages with QoS 1, `retain`: messages to retain. */
  readonly lacks: readonly ("qos" | "retain")[];
  /** Other daemons below the same prefix, and for how long they have been known, in milliseconds. */
  readonly sharedWith: readonly { readonly id: string; readonly host: string; readonly sinceMs: number }[];
  /** Messages that wait for the broker, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Messages published since the start, repetitions included. */
  readonly published: number;
  /** Messages from the broker. */
  readonly received: number;
  /** Messages dropped since the start, because too many waited. */
  readonly dropped: number;
  /** Of these, since the broker went. */
  readonly droppedNow: number;
  /** Connections since the start. */
  readonly connects: number;
}
