import type { DirectLine, Settings } from "../config/settings.js";
import type { DirectOptions } from "../direct/direct-options.js";
import type { MuxOptions } from "../mux/mux-options.js";
import type { LineId } from "../net/client-origin.js";
import type { ConnOptions } from "../options/conn-options.js";
import { topicLevel } from "./mqtt-topic.js";

interface LineRoute {
  readonly options: ConnOptions;
  readonly direct?: Pick<DirectOptions, "standingTopic">;
  readonly mux?: Pick<MuxOptions, "publish">;
}

/** Why nothing can be published. */
export const NO_BROKER = "no MQTT broker is configured ([mqtt] url)";

/** The settings that say which topics are whose. */
export type TopicSettings = Pick<Settings, "mqttBroker" | "direct" | "mux" | "tunnel">;

/**
 * Why a client may not have the options of its CONN: there is no broker, or its topic belongs to a line of the configuration. Undefined: it
 * may.
 */
export function topicProblem({ mqttTopic }: ConnOptions, settings: TopicSettings): string | undefined {
  if (mqttTopic === undefined) return undefined;
  if (settings.mqttBroker === undefined) return `NMQT: ${NO_BROKER}`;
  const { direct, mux, tunnel } = settings;
  const [first] = mqttTopic.split("/");
  const isTaken =
    [...direct, ...mux, ...tunnel].some(({ route }) => lineTopic(route) === mqttTopic) ||
    mux.some((line) => valuesLevel(line) === first);
  return isTaken ? `NMQT: the topic "${mqttTopic}" belongs to a line of the configuration` : undefined;
}

/** The MQTT topic of a line: that of its clients, or of its connection without one. */
export function lineTopic(route: LineRoute): string | undefined {
  return route.options.mqttTopic ?? route.direct?.standingTopic;
}

/** The first level of the topics of the values of a line. */
export function valuesLevel({ name, port }: LineId): string {
  return topicLevel(name ?? String(port));
}

/** The topic that says whether a value is true. @param topic of the value */
export function availabilityTopic(topic: string): string {
  return `${topic}/available`;
}

/** All topics at which a line publishes, its status apart: its own, and those of its values. */
export function topicsOf(line: LineId & { readonly route: LineRoute }): string[] {
  const { route } = line;
  const own = lineTopic(route);
  const values = (route.mux?.publish ?? []).map(({ name }) => `${valuesLevel(line)}/${name}`);
  return [...(own === undefined ? [] : [own]), ...values.flatMap((topic) => [topic, availabilityTopic(topic)])];
}

/** Whether the daemon connects to a server of this line without any client. */
export function dialsAlways({ route }: Pick<DirectLine, "route">): boolean {
  return route.direct.standingTopic !== undefined;
}
