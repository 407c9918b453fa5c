import {
  type AnnouncedValue,
  type DiscoveryPlace,
  discoveryFilter,
  discoveryPayload,
  discoveryTopic,
  entitiesIn,
  entitiesOf,
  makerIn,
  topicsIn,
} from "../core/mqtt/home-assistant.js";
import type { LineStatus } from "../core/mqtt/line-status.js";
import { topicMatches } from "../core/mqtt/mqtt-topic.js";
import type { Gathering } from "../core/status/gathering.js";

/** Entities of a line that are there no more: more than a line has had. */
const MAX_REMOVED = 1000;
/** Topics whose makers are known, or whose messages are to be looked at. */
const MAX_MADE = 20_000;
/** Those messages together, in characters. */
const MAX_FOUND = 16_777_216;
/** A message of a line with a thousand values has less; a topic has a prefix and the name of a line. Anybody on the broker can publish others. */
const MAX_MESSAGE = 262_144;
const MAX_TOPIC = 512;

/** What discovery asks of the connection to the broker. Topics are whole. */
export interface DiscoveryPublisher {
  keep(topic: string, payload: string): void;
  /** Takes away a topic of an earlier run, where this one does not have the broker keep it, too. */
  forget(topic: string): void;
  /** Publishes everything once more that the broker keeps. */
  repeat(): void;
  /** The ids of other daemons below the same prefix; undefined: they are not known yet. */
  others(): ReadonlySet<string> | undefined;
}

interface Device {
  status: LineStatus | undefined;
  readonly values: Map<string, AnnouncedValue>;
  /** Entities that are there no more, by their ids and kinds. */
  readonly removed: Map<string, string>;
  /** What was published last. */
  published: string;
  /** The topics in that. */
  topics: ReadonlySet<string>;
}

/** Has Home Assistant find lines as devices (docs/mqtt.md). What is not there any more is taken away, also after a start of the daemon. */
export class HomeAssistant {
  readonly #place: DiscoveryPlace;
  readonly #publisher: DiscoveryPublisher;
  /** By the name of the line. */
  readonly #devices = new Map<string, Device>();
  /** Discovery messages of earlier runs, by topic, until the lines are looked at. */
  readonly #found = new Map<string, string>();
  #foundLength = 0;
  /** The last other process, perhaps an earlier run of this daemon, that has published a topic, by topic. */
  readonly #makers = new Map<string, string>();

  constructor(place: DiscoveryPlace, publisher: DiscoveryPublisher) {
    this.#place = place;
    this.#publisher = publisher;
  }

  /** The topics that it has to hear: its own discovery messages, and that Home Assistant has started. */
  get topics(): string[] {
    return [discoveryFilter(this.#place), this.#birthTopic];
  }

  get #birthTopic(): string {
    return `${this.#place.discoveryPrefix}/status`; // Home Assistant's birth message, by default
  }

  /** A message of one of {@link topics}. */
  take(topic: string, payload: Buffer, isRetained: boolean): void {
    if (topic === this.#birthTopic) {
      if (!isRetained && payload.toString() === "online") this.#publisher.repeat();
    } else if (topicMatches(discoveryFilter(this.#place), topic)) {
      if (topic.length > MAX_TOPIC || payload.length > MAX_MESSAGE) return;
      const text = payload.toString();
      const maker = makerIn(text);
      if (text === "") this.#makers.delete(topic);
      else if (maker !== undefined && maker !== this.#place.origin.id && this.#makers.size < MAX_MADE)
        this.#makers.set(topic, maker);
      if (!isRetained || text === "") return;
      const length = this.#foundLength + text.length - (this.#found.get(topic)?.length ?? 0);
      if (length > MAX_FOUND || this.#found.size >= MAX_MADE) return;
      this.#foundLength = length;
      this.#found.set(topic, text);
    }
  }

  /** The last other process that has published this topic, also where this one has written over that; undefined: none is known. */
  makerOf(topic: string): string | undefined {
    return this.#makers.get(topic);
  }

  /** These are all lines with a name, now. */
  *lines(lines: readonly LineStatus[]): Gathering<void> {
    const names = new Set<string>();
    for (const line of lines) {
      if (line.name === undefined || names.has(line.name)) continue;
      names.add(line.name);
      const device = this.#deviceOf(line.name);
      const isKnown = device.status !== undefined && hasSameEntities(device.status, line);
      device.status = line;
      if (!isKnown) this.#publish(line.name);
      yield "";
    }
    for (const [name, device] of this.#devices) {
      if (names.has(name) || device.status === undefined) continue;
      device.status = undefined;
      this.#publish(name);
    }
    yield* this.#compare();
  }

  /** @returns takes the value away */
  announce(line: string, value: AnnouncedValue): () => void {
    const { values } = this.#deviceOf(line);
    values.set(value.name, value);
    this.#publish(line);
    return () => {
      if (values.get(value.name) !== value) return;
      values.delete(value.name);
      this.#publish(line);
    };
  }

  /** Takes all devices away. */
  clear(): void {
    for (const name of this.#devices.keys()) this.#publisher.keep(discoveryTopic(this.#place, name), "");
    this.#devices.clear();
  }

  #deviceOf(name: string): Device {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const device: Device = {
      status: undefined,
      values: new Map(),
      removed: new Map(),
      published: "",
      topics: new Set(),
    };
    this.#devices.set(name, device);
    return device;
  }

  /** Publishes what has changed. Entities that were there before are named once more, so that Home Assistant forgets them. */
  #publish(name: string): void {
    const device = this.#deviceOf(name);
    const topic = discoveryTopic(this.#place, name);
    if (device.status === undefined && device.values.size === 0) {
      this.#devices.delete(name);
      this.#publisher.keep(topic, "");
      return;
    }
    const line = { name, status: device.status, values: [...device.values.values()], removed: device.removed };
    const entities = entitiesOf(this.#place, line);
    for (const [id, platform] of entitiesIn(device.published)) if (!(id in entities)) device.removed.set(id, platform);
    for (const id of Object.keys(entities)) device.removed.delete(id);
    const payload = discoveryPayload(this.#place, line);
    if (payload === device.published) return;
    device.published = payload;
    device.topics = new Set(topicsIn(payload, this.#place));
    this.#publisher.keep(topic, payload);
  }

  /** Takes away what the broker has of an earlier run, and is not there any more. What another daemon has made that is there stays. */
  *#compare(): Gathering<void> {
    const others = this.#publisher.others();
    if (others === undefined || this.#found.size === 0) return;
    const names = new Map<string, string>();
    const own = new Set<string>();
    for (const [name, { topics }] of this.#devices) {
      names.set(discoveryTopic(this.#place, name), name);
      for (const topic of topics) own.add(topic);
      yield "";
    }
    for (const [topic, payload] of this.#found) {
      this.#found.delete(topic);
      this.#foundLength -= payload.length;
      const name = names.get(topic);
      if (others.has(makerIn(payload) ?? "")) continue;
      for (const other of topicsIn(payload, this.#place)) {
        if (own.has(other)) continue;
        this.#publisher.forget(other);
        yield "";
      }
      if (name === undefined) this.#publisher.keep(topic, "");
      else this.#forget(name, payload);
      yield "";
    }
  }

  #forget(name: string, payload: string): void {
    const device = this.#deviceOf(name);
    const before = device.removed.size;
    const now = entitiesIn(device.published);
    for (const [id, platform] of entitiesIn(payload)) {
      if (!now.has(id) && device.removed.size < MAX_REMOVED) device.removed.set(id, platform);
    }
    if (device.removed.size > before) this.#publish(name);
  }
}

/** Whether two statuses of a line are announced by the same words: they may have other values. */
function hasSameEntities(one: LineStatus, other: LineStatus): boolean {
  const [counters, others] = [Object.keys(one.counters), Object.keys(other.counters)];
  const hasSameCounters = counters.length === others.length && counters.every((counter, at) => counter === others[at]);
  return one.topic === other.topic && one.kind === other.kind && hasSameCounters;
}
