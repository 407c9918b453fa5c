import { EVENT_NAMES, type EventName } from "../events/gateway-event.js";
import type { MqttBroker } from "../mqtt/mqtt-broker.js";
import { MQTT_PAYLOADS } from "../mqtt/mqtt-message.js";
import { parsePrefix } from "../mqtt/mqtt-topic.js";
import { formatHostPort, parseHostPort } from "../net/address.js";
import { formatDuration } from "../parse/duration.js";
import { didYouMean } from "../parse/near-miss.js";
import { fail, ok, type Result } from "../parse/result.js";
import { row, type Settings } from "./settings.js";
import { maskSecrets, parseBoolean, parseChoice, parseTime } from "./values.js";

const MAX_CLIENT_ID = 128;
const HOUR_MS = 3_600_000;
const PORTS = { mqtt: 1883, mqtts: 8883 } as const; // IANA: mqtt, secure-mqtt

/** Reads `mqtt://host[:port]` or `mqtts://host[:port]`. */
function parseBroker(text: string): Result<MqttBroker> {
  const [, scheme = "", rest = ""] = /^(mqtts?):\/\/([^/?#]*)\/?$/i.exec(text) ?? [];
  if (rest === "") return fail(`bad URL "${maskSecrets(text)}": mqtt://host:port or mqtts://host:port is wanted`);
  if (rest.includes("@")) return fail(`bad URL "${maskSecrets(text)}": user and password have keys of their own`);
  const secure = scheme.toLowerCase() === "mqtts";
  const hasPort = /:\d*$/.test(rest.replace(/^\[[^\]]*\]/, ""));
  const target = parseHostPort(hasPort ? rest : `${rest}:${secure ? PORTS.mqtts : PORTS.mqtt}`);
  return target.ok ? ok({ secure, target: target.value }) : target;
}

/** Reads names of events, or `all`. */
function parseEvents(text: string): Result<readonly EventName[]> {
  const words = text.split(",").map((word) => word.trim().toLowerCase());
  if (text.trim() === "") return ok([]);
  if (words.includes("all")) return ok(EVENT_NAMES);
  const unknown = words.find((word) => !(EVENT_NAMES as readonly string[]).includes(word));
  return unknown === undefined
    ? ok(EVENT_NAMES.filter((name) => words.includes(name)))
    : fail(`unknown event "${unknown}"${didYouMean(unknown, EVENT_NAMES)}; known are all, ${EVENT_NAMES.join(", ")}`);
}

/** All keys of `[mqtt]` (docs/mqtt.md). */
export const MQTT_KEYS = [
  row({
    section: "mqtt",
    key: "url",
    unit: "URL",
    range: "mqtt or mqtts",
    sets: "mqttBroker",
    defaultText: "",
    help: "The MQTT broker: mqtt://host:1883, or mqtts://host:8883 for TLS. Empty is none.",
    parse: (text) => (text === "" ? ok(undefined) : parseBroker(text)),
    print: (broker) =>
      broker === undefined ? "" : `${broker.secure ? "mqtts" : "mqtt"}://${formatHostPort(broker.target)}`,
  }),
  row({
    section: "mqtt",
    key: "user",
    unit: "name",
    range: "",
    sets: "mqttUser",
    defaultText: "",
    help: "The user that the broker knows. Empty is none.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "mqtt",
    key: "password",
    unit: "password",
    range: "",
    sets: "mqttPassword",
    defaultText: "",
    help: "The password of user. Without mqtts it goes over the network as it is.",
    parse: ok<string>,
    print: (password) => (password === "" ? "" : "***"),
  }),
  row({
    section: "mqtt",
    key: "client-id",
    unit: "name",
    range: `${MAX_CLIENT_ID} characters at most`,
    sets: "mqttClientId",
    defaultText: "",
    help: "The name by which the broker tells its clients apart. Empty is a new one for each start. Two daemons with one name end each other's connection.",
    parse: (text) =>
      text.length <= MAX_CLIENT_ID ? ok(text) : fail(`a client-id has ${MAX_CLIENT_ID} characters at most`),
    print: String,
  }),
  row({
    section: "mqtt",
    key: "prefix",
    unit: "topic",
    range: "",
    sets: "mqttPrefix",
    defaultText: "sockproxyd",
    help: "All topics of this daemon begin with it. Each daemon on a broker needs one of its own: sockproxyd/attic.",
    parse: parsePrefix,
    print: String,
  }),
  row({
    section: "mqtt",
    key: "qos",
    unit: "level",
    range: "0, 1",
    sets: "mqttQos",
    defaultText: "0",
    help: "0: a message arrives at most once. 1: at least once, and perhaps twice. openLuup has 0 only.",
    parse: (text) =>
      text === "0" || text === "1" ? ok(text === "1" ? 1 : 0) : fail(`bad value "${text}": 0 or 1 is wanted`),
    print: String,
  }),
  row({
    section: "mqtt",
    key: "retain",
    unit: "true or false",
    range: "",
    sets: "mqttRetain",
    defaultText: "true",
    help: "The broker keeps status, values and discovery for those who subscribe later. false for one that refuses to.",
    parse: parseBoolean,
    print: String,
  }),
  row({
    section: "mqtt",
    key: "tls",
    unit: "name",
    range: "a section [tls NAME]",
    sets: "mqttTls",
    defaultText: "",
    help: "With mqtts: the section [tls NAME] with the authority of the broker's certificate, and with ours where the broker asks for one.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "mqtt",
    key: "tls-verify",
    unit: "true or false",
    range: "",
    sets: "mqttTlsVerify",
    defaultText: "true",
    help: "With mqtts: false takes any certificate of the broker.",
    parse: parseBoolean,
    print: String,
  }),
  row({
    section: "mqtt",
    key: "payload",
    unit: "word",
    range: MQTT_PAYLOADS.join(", "),
    sets: "mqttPayload",
    defaultText: "json",
    help: "What connections with NMQT publish: their events as JSON, or the bytes of the remote as they come (raw), or a line a message.",
    parse: (text) => parseChoice(text, MQTT_PAYLOADS),
    print: String,
  }),
  row({
    section: "mqtt",
    key: "events",
    unit: "words",
    range: "all, or names of events; several with commas between",
    sets: "mqttEvents",
    defaultText: "",
    help: "The events of all lines that are published at PREFIX/event/EVENT, as JSON. Empty is none.",
    parse: parseEvents,
    print: (names) => (names.length === EVENT_NAMES.length ? "all" : names.join(", ")),
  }),
  row({
    section: "mqtt",
    key: "counters",
    unit: "s",
    range: "1s to 1h",
    sets: "mqttCounters",
    defaultText: "30s",
    help: "How often the counters in the status of a line are published, where they change. Its state is published at once.",
    parse: (text) => parseTime(text, 1000, HOUR_MS),
    print: formatDuration,
  }),
  row({
    section: "mqtt",
    key: "discovery",
    unit: "word",
    range: "off, homeassistant",
    sets: "mqttDiscovery",
    defaultText: "off",
    help: "homeassistant: Home Assistant finds each line with a name as a device, with its connectivity and counters.",
    parse: (text) => parseChoice(text, ["off", "homeassistant"]),
    print: String,
  }),
  row({
    section: "mqtt",
    key: "discovery-prefix",
    unit: "topic",
    range: "",
    sets: "mqttDiscoveryPrefix",
    defaultText: "homeassistant",
    help: "Home Assistant's own prefix, where it was changed there.",
    parse: parsePrefix,
    print: String,
  }),
] as const;

/** What is wrong with the keys of `[mqtt]` together. */
export function checkMqtt(settings: Settings): string[] {
  const { mqttBroker, mqttUser, mqttPassword, mqttTls, mqttTlsVerify, mqttDiscovery } = settings;
  const problems: string[] = [];
  if (mqttPassword !== "" && mqttUser === "") problems.push("password goes with user"); // MQTT 3.1.1, [MQTT-3.1.2-22]
  const isPlain = mqttBroker !== undefined && !mqttBroker.secure;
  if (isPlain && (mqttTls !== "" || !mqttTlsVerify)) problems.push("tls and tls-verify go with mqtts");
  const { mqttPrefix: prefix, mqttDiscoveryPrefix: discovery } = settings;
  if (mqttDiscovery !== "off" && (prefix === discovery || prefix.startsWith(`${discovery}/`)))
    problems.push(`prefix: topics that begin with ${discovery} are those of Home Assistant's discovery`);
  return problems;
}
