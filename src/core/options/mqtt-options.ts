import { MQTT_PAYLOADS } from "../mqtt/mqtt-message.js";
import { parseTopic } from "../mqtt/mqtt-topic.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "./conn-options.js";
import { type OptionRow, rowsOf } from "./option-table.js";
import { type ValueKind, word } from "./value-kinds.js";

/** An MQTT topic below the prefix. */
const TOPIC: ValueKind<string> = {
  unit: "topic",
  range: "128 characters at most",
  parse: parseTopic,
  print: String,
};

const row = rowsOf<ConnOptions>(DEFAULT_OPTIONS);

/** The options of CONN that are about MQTT, in the order HELP shows them. */
export const MQTT_OPTIONS: readonly (OptionRow<ConnOptions> & { readonly capabilities: readonly string[] })[] = [
  {
    ...row({
      key: "NMQT",
      name: "mqtt",
      description:
        "Publish what happens to the connection at this MQTT topic, below prefix of [mqtt]. With payload=raw or lines, what is published at TOPIC/set is written to the remote.",
      usage: "NMQT=topic",
      help: ["Publish what happens at this MQTT topic, below the prefix of the configuration."],
      sets: "mqttTopic",
      kind: TOPIC,
    }),
    capabilities: ["NMQT"],
  },
  {
    ...row({
      key: "PAYL",
      name: "payload",
      description:
        "With mqtt (NMQT): publish events as JSON, or the bytes of the remote as they come (raw), or a line a message. Empty is payload of [mqtt].",
      usage: "PAYL=json|raw|lines",
      help: [
        "With NMQT: publish events as JSON, or the bytes of the remote as they come, or",
        "its lines; with both, topic/set is written to it (default: as configured).",
      ],
      sets: "mqttPayload",
      kind: word(MQTT_PAYLOADS),
    }),
    capabilities: ["PAYL"],
  },
];
