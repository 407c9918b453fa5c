import type { ConnectionContext } from "../connection/connection-phase.js";
import type { Settings } from "../core/config/settings.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { Mqtt } from "../mqtt/mqtt.js";
import type { WayMaker } from "../notify/notification-way.js";

type PayloadSettings = Pick<Settings, "mqttPayload">;

/** Publishes the events of connections and lines whose options name a topic for them. */
export function mqttWays(settings: PayloadSettings, mqtt: () => Mqtt | undefined): WayMaker {
  return (options) => {
    const { mqttTopic } = options;
    return mqttTopic === undefined || isBytes(options, settings) ? undefined : mqtt()?.wayOf(mqttTopic);
  };
}

/** Publishes the bytes of connections whose options ask for that. */
export function rawBridges(settings: PayloadSettings, mqtt: () => Mqtt | undefined): ConnectionContext["rawBridge"] {
  return (options, remote) => {
    const { mqttTopic } = options;
    if (mqttTopic === undefined || !isBytes(options, settings)) return undefined;
    return mqtt()?.bridge(mqttTopic, () => remote, options.mqttPayload);
  };
}

function isBytes({ mqttPayload }: ConnOptions, settings: PayloadSettings): boolean {
  return (mqttPayload ?? settings.mqttPayload) !== "json";
}
