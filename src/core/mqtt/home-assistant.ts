import type { LineStatus } from "./line-status.js";
import { kindOfStored, kindOfUnit } from "./unit-kinds.js";

/** Where Home Assistant's discovery looks for this daemon, and what all its devices have in common. */
export interface DiscoveryPlace {
  /** Of Home Assistant: `homeassistant`. */
  readonly discoveryPrefix: string;
  /** Of the daemon. */
  readonly prefix: string;
  /** The topic that says whether the daemon is there. */
  readonly statusTopic: string;
  readonly origin: Origin;
}

/** What makes the messages of discovery. */
export interface Origin {
  readonly version: string;
  /** Of the process: no other one has it. */
  readonly id: string;
  /** The name of its machine. */
  readonly host: string;
}

/** A value of a line, besides its own status. */
export interface AnnouncedValue {
  readonly name: string;
  /** The whole topic. */
  readonly topic: string;
  readonly unit?: string;
  /** An amount that is there, not a counter. */
  readonly isStored?: boolean;
  /** The whole topic that says whether the value is true now. */
  readonly availability?: string;
  /** The value is `true` or `false`. */
  readonly isBinary?: boolean;
}

/** A line as Home Assistant sees it: a device with entities. */
export interface AnnouncedLine {
  readonly name: string;
  /** Undefined: only its values are known. */
  readonly status: Pick<LineStatus, "topic" | "kind" | "counters"> | undefined;
  readonly values: readonly AnnouncedValue[];
  /** Entities that are there no more, by their ids and kinds. */
  readonly removed: ReadonlyMap<string, string>;
}

type Entity = Readonly<Record<string, unknown>>;

/** What the counters of a line are called, and their device class. */
const COUNTERS: Readonly<Record<string, readonly [name: string, deviceClass?: string]>> = {
  clients: ["Clients"],
  connections: ["Connections"],
  received: ["Received", "data_size"],
  sent: ["Sent", "data_size"],
  requests: ["Requests"],
  answers: ["Answers"],
  unanswered: ["Requests without an answer"],
  links: ["Links"],
  devices: ["Devices"],
};
/** The counters that also fall. */
const FALLING = ["clients", "unanswered", "devices"];

/** Matches the discovery topics of this daemon, and no others. */
export function discoveryFilter({ discoveryPrefix, prefix }: DiscoveryPlace): string {
  return `${discoveryPrefix}/device/${nodeId(prefix)}/+/config`;
}

/** The discovery topic of a line. */
export function discoveryTopic({ discoveryPrefix, prefix }: DiscoveryPlace, line: string): string {
  return `${discoveryPrefix}/device/${nodeId(prefix)}/${idOf(line)}/config`;
}

/** The discovery message of a line: a device with all its entities (Home Assistant 2024.11 and later). */
export function discoveryPayload(place: DiscoveryPlace, line: AnnouncedLine): string {
  const { prefix, statusTopic, origin } = place;
  const { version: sw_version } = origin;
  const device = `${nodeId(prefix)}_${idOf(line.name)}`;
  const gone = [...line.removed].map(([id, platform]) => [id, { platform }]);
  const model = line.status === undefined ? {} : { model: `${line.status.kind} line` };
  return JSON.stringify({
    device: { identifiers: [device], name: line.name, manufacturer: "sockproxyd", ...model, sw_version },
    origin: { name: `sockproxyd on ${origin.host} (${origin.id})`, sw_version },
    availability: [{ topic: statusTopic }],
    components: { ...Object.fromEntries(gone), ...entitiesOf(place, line) },
  });
}

/** The entities of a line, by their ids. */
export function entitiesOf(
  { prefix, statusTopic }: DiscoveryPlace,
  { name, status, values }: AnnouncedLine,
): Record<string, Entity> {
  const device = `${nodeId(prefix)}_${idOf(name)}`;
  const entities: Record<string, Entity> = {};
  const add = (id: string, entity: Entity): void => {
    entities[id] = { ...entity, unique_id: `${device}_${id}` };
  };
  if (status !== undefined) {
    const topic = `${prefix}/${status.topic}`;
    add("connectivity", {
      ...statusEntity(topic, "Connectivity", "{{ 'ON' if value_json.connected else 'OFF' }}"),
      ...{ platform: "binary_sensor", device_class: "connectivity" },
    });
    for (const counter of Object.keys(status.counters)) add(counter, counterEntity(topic, counter));
  }
  for (const value of values) add(idOfValue(value), valueEntity(value, statusTopic));
  return entities;
}

/** One that becomes another kind of sensor becomes another entity: Home Assistant changes the kind of none. */
function idOfValue({ name, isBinary }: AnnouncedValue): string {
  return `${isBinary ? "state" : "value"}_${idOf(name)}`;
}

function statusEntity(topic: string, name: string, template: string): Entity {
  return { name, state_topic: topic, value_template: template, entity_category: "diagnostic" };
}

function counterEntity(topic: string, counter: string): Entity {
  const [label, deviceClass] = COUNTERS[counter] ?? [counter];
  return {
    ...statusEntity(topic, label, `{{ value_json.${counter} }}`),
    platform: "sensor",
    ...(deviceClass !== undefined && { device_class: deviceClass, unit_of_measurement: "B" }),
    state_class: FALLING.includes(counter) ? "measurement" : "total_increasing",
  };
}

/** A value is there while the daemon is, and while its own topic says so. */
function valueEntity(
  { name, topic, unit, isStored = false, availability, isBinary = false }: AnnouncedValue,
  statusTopic: string,
): Entity {
  const { deviceClass, stateClass } = (isStored ? kindOfStored : kindOfUnit)(unit ?? "") ?? {};
  return {
    platform: isBinary ? "binary_sensor" : "sensor",
    name,
    state_topic: topic,
    ...(isBinary && { payload_on: "true", payload_off: "false" }),
    ...(unit !== undefined && { unit_of_measurement: unit }),
    ...(deviceClass !== undefined && { device_class: deviceClass }),
    ...(stateClass !== undefined && { state_class: stateClass }),
    ...(availability !== undefined && {
      availability: [{ topic: statusTopic }, { topic: availability }],
      availability_mode: "all",
    }),
  };
}

/**
 * The id of the process that has made a discovery message; undefined: none of ours. It stands in the name of the origin, since Home Assistant
 * refuses a message with keys that it does not know in `device` and `origin`, and it shows that name in its log only.
 */
export function makerIn(payload: string): string | undefined {
  try {
    const { origin } = JSON.parse(payload) as { origin?: { name?: unknown } | null };
    return typeof origin?.name === "string" ? /\(([0-9a-f]{8})\)$/.exec(origin.name)?.[1] : undefined;
  } catch {
    return undefined;
  }
}

/** Entities that this daemon announces, by their ids; others in its topics are not its own. */
const ENTITY_ID = /^[\w-]{1,100}$/;
const PLATFORMS = ["sensor", "binary_sensor"];

/** What a discovery message of an earlier run has announced. Anybody may have changed it since. */
interface FoundEntity {
  readonly platform?: unknown;
  readonly state_topic?: unknown;
  readonly availability?: unknown;
}

/** The kinds of the entities in a discovery message of an earlier run, by their ids. Empty, where it is none of ours. */
export function entitiesIn(payload: string): Map<string, string> {
  return new Map(foundIn(payload).map(([id, { platform }]) => [id, String(platform)]));
}

/** The topics in a discovery message of an earlier run that are such as this daemon has the broker keep, its own status apart. */
export function topicsIn(payload: string, { prefix }: DiscoveryPlace): string[] {
  const own = (topic: unknown): topic is string =>
    typeof topic === "string" && topic.startsWith(`${prefix}/`) && OWN_TOPIC.test(topic.slice(prefix.length + 1));
  return foundIn(payload).flatMap(([, { state_topic: state, availability }]) => {
    const others = Array.isArray(availability) ? availability.map((one: { topic?: unknown } | null) => one?.topic) : [];
    return [state, ...others].filter(own);
  });
}

/** The status of a line, or a value (docs/mqtt.md). */
const OWN_TOPIC = /^(?:line\/[^/+#]{1,200}\/status|[^/+#]{1,200}\/[\w-]{1,64}(?:\/available)?)$/;

function foundIn(payload: string): [id: string, entity: FoundEntity][] {
  try {
    const { components } = JSON.parse(payload) as { components?: Record<string, FoundEntity | null> };
    return Object.entries(components ?? {}).filter(
      (entry): entry is [string, FoundEntity] =>
        ENTITY_ID.test(entry[0]) && PLATFORMS.includes(String(entry[1]?.platform)),
    );
  } catch {
    return [];
  }
}

function nodeId(prefix: string): string {
  return `sockproxyd_${idOf(prefix)}`;
}

/** An id that Home Assistant takes: letters, digits, `_` and `-`. Two names never have the same. */
export function idOf(name: string): string {
  const plain = name.replace(/[^\w-]/g, "_");
  return plain === name ? name : `${plain}_${hash(name).toString(16)}`;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
