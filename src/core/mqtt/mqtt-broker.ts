import type { HostPort } from "../net/address.js";

/** An MQTT broker, as a URL names it. */
export interface MqttBroker {
  /** It is spoken to by TLS. */
  readonly secure: boolean;
  readonly target: HostPort;
}
