import type { ConnectionContext } from "../connection/connection-phase.js";
import type { Settings } from "../core/config/settings.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { Mqtt } from "../mqtt/mqtt.js";
import type { WayMaker } from "../notify/notification-way.js";
import type { End } from "../sockets/end.js";

/** Bytes that wait for a remote: more of what others publish is dropped. */
const MAX_UNSENT = 65_536;

type PayloadSettings = Pick<Settings, "mqttPayload">;

/** Publishes the events of connections and lines whose options name a topic for them. */
export function mqttWays(settings: PayloadSettings, mqtt: () => Mqtt | undefined): WayMaker {
  return (options) => {
    const { mqttTopic } = options;
    return mqttTopic === undefined || isRaw(options, settings) ? undefined : mqtt()?.wayOf(mqttTopic);
  };
}

/** Publishes the bytes of connections whose options ask for that. */
export function rawBridges(settings: PayloadSettings, mqtt: () => Mqtt | undefined): ConnectionContext["rawBridge"] {
  return (options, remote) => {
    const { mqttTopic } = options;
    if (mqttTopic === undefined || !isRaw(options, settings)) return undefined;
    return mqtt()?.bridge(mqttTopic, (bytes) => writeTo(remote, bytes));
  };
}

function isRaw({ mqttPayload }: ConnOptions, settings: PayloadSettings): boolean {
  return (mqttPayload ?? settings.mqttPayload) === "raw";
}

/** Writes to a remote what somebody has published; not while it takes nothing. @returns whether it is written */
function writeTo(remote: End, bytes: Buffer): boolean {
  if (remote.gone || remote.unsent > MAX_UNSENT) return false;
  remote.write(bytes);
  return true;
}
