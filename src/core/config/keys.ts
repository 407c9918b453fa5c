import { lineTopic, NO_BROKER, topicsOf } from "../mqtt/mqtt-lines.js";
import { ok, type Result } from "../parse/result.js";
import { ACCESS_KEYS } from "./access-keys.js";
import { ALERT_KEYS } from "./alert-keys.js";
import { checkDevice, DEVICE_KEYS, repeatedServers } from "./device-keys.js";
import { HOST_KEYS } from "./host-keys.js";
import { formatPort, listensOf } from "./listen.js";
import { checkMqtt, MQTT_KEYS } from "./mqtt-keys.js";
import type { PortLine, PortSection, Section, Settings, Values } from "./settings.js";
import { loginProblem, WEB_KEYS } from "./web-keys.js";

/** All keys of sections without lines, in the order of `--check` and of the example file. */
export const KEYS = [...HOST_KEYS, ...ACCESS_KEYS, ...ALERT_KEYS, ...MQTT_KEYS, ...WEB_KEYS, ...DEVICE_KEYS] as const;

/** The sections whose lines listen on ports. */
export const PORT_SECTIONS: readonly PortSection[] = ["direct", "mux", "tunnel"];

/** The sections of {@link KEYS}. */
export const SECTIONS: readonly Section[] = [...new Set(KEYS.map(({ section }) => section))];

/** The keys of a section, in the order of the table. */
export function keysOf(section: Section): string[] {
  return KEYS.filter((row) => row.section === section).map(({ key }) => key);
}

/**
 * Reads one value.
 *
 * @param key in lower case
 * @returns undefined when the section has no such key
 */
export function parseValue(section: Section, key: string, text: string): Result<Partial<Values>> | undefined {
  const found = KEYS.find((row) => row.key === key && (row.section === section || row.alsoIn === section));
  if (found === undefined) return undefined;
  const parsed = found.parse(text);
  return parsed.ok ? ok({ [found.sets]: parsed.value }) : parsed;
}

/** The settings of a daemon without configuration: the defaults of the table (docs/configuration.md). */
export const DEFAULT_SETTINGS: Settings = defaults();

function defaults(): Settings {
  const parsed = KEYS.map(({ section, key, defaultText }) => parseValue(section, key, defaultText));
  return Object.assign(
    {
      linesEssential: false,
      control: "",
      logStyle: "date",
      direct: [],
      mux: [],
      tunnel: [],
      namedDevices: [],
      tlsIdentities: [],
      webhooks: [],
    },
    ...parsed.map((result) => (result?.ok ? result.value : {})),
  );
}

/** The problems of settings as a whole; empty when there are none. */
export function checkSettings(settings: Settings): string[] {
  const taken = new Map([[String(settings.port), "the proxy itself"]]);
  const problems: string[] = [];
  for (const section of PORT_SECTIONS) {
    for (const line of settings[section]) {
      const title = lineTitle(section, line);
      for (const port of listensOf(line).map(formatPort)) {
        const by = taken.get(port);
        if (by !== undefined) problems.push(`${title}: port ${port} is the port ${by} listens on`);
        taken.set(port, title);
      }
    }
  }
  const byOther = settings.webPort === 0 ? undefined : taken.get(String(settings.webPort));
  if (byOther !== undefined) problems.push(`[web] port: ${settings.webPort} is the port ${byOther} listens on`);
  const login = loginProblem(settings);
  if (login !== undefined) problems.push(`[web] ${login}`);
  problems.push(...checkMqtt(settings).map((problem) => `[mqtt] ${problem}`), ...topicProblems(settings));
  if (!doesAnything(settings)) problems.push(NOTHING_TO_DO);
  return [...problems, ...repeatedServers(settings), ...checkDevice(settings).map((problem) => `[device] ${problem}`)];
}

const NOTHING_TO_DO =
  "nothing to do: [host] port=0 opens no proxy port, and no other section listens; a port, or a section such as [mux NAME], is wanted";

/** What is wrong with the MQTT topics of lines: each is one of its own, or nobody could tell who publishes there. */
function topicProblems(settings: Settings): string[] {
  const titles = new Map<string, string>();
  return PORT_SECTIONS.flatMap((section) =>
    settings[section].flatMap((line) => {
      const title = lineTitle(section, line);
      const own = lineTopic(line.route);
      if (settings.mqttBroker === undefined) return own === undefined ? [] : [`${title}: mqtt: ${NO_BROKER}`];
      const topics = topicsOf(line);
      const taken = topics.find((topic) => titles.has(topic));
      const problem = `${title}: ${taken === own ? "mqtt" : "publish"}: "${taken}" is a topic of ${titles.get(taken ?? "")}, too`;
      for (const topic of topics) titles.set(topic, titles.get(topic) ?? title);
      return taken === undefined ? [] : [problem];
    }),
  );
}

/** Whether the daemon listens on any port, or is the device of any server. */
function doesAnything({ port, webPort, direct, mux, tunnel, deviceServers, namedDevices }: Settings): boolean {
  const jobs = direct.length + mux.length + tunnel.length + namedDevices.length + deviceServers.length;
  return port > 0 || webPort > 0 || jobs > 0;
}

/** The beginning of messages about a line: `[mux inverter]`, or `[mux] 5020` for a line without a name. */
export function lineTitle(section: PortSection, { name, port }: Pick<PortLine<unknown>, "name" | "port">): string {
  return name === undefined ? `[${section}] ${port}` : `[${section} ${name}]`;
}
