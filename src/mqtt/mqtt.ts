import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Settings } from "../core/config/settings.js";
import type { MqttPayload } from "../core/mqtt/mqtt-message.js";
import type { MqttStatus } from "../core/mqtt/mqtt-status.js";
import { STATUS_TOPIC, topicMatches } from "../core/mqtt/mqtt-topic.js";
import type { Publisher } from "../core/mqtt/prefix-sharing.js";
import { formatHostPort } from "../core/net/address.js";
import type { TlsIdentities } from "../dial/tls-credentials.js";
import { atMost } from "../scheduling/waits.js";
import { BrokerLink, type LeaveReason } from "./broker-link.js";
import type { BrokerSettings, Legacy, LinkContext } from "./broker-settings.js";
import { GatewayTopics, type GatewayTopicsContext } from "./gateway-topics.js";
import type { MqttBridges, MqttPublisher, MqttRemote, MqttSensor, PublishOptions } from "./mqtt-publisher.js";
import { type MqttPoster, MqttWay } from "./mqtt-way.js";
import { RawBridge } from "./raw-bridge.js";

/** For the last messages to a broker that is replaced or given up. */
const CLOSE_LIMIT_MS = 1000;
const ID_BYTES = 4;
/** A quarter of what may wait: devices that can wait do so while the broker is there. */
const BUSY = { messages: 2500, bytes: 1_048_576 };
/** Senders that cannot wait leave room for those that do. */
const CROWDED_BYTES = 524_288;

/** The parts of the daemon that it uses. */
export type MqttParts = LinkContext & GatewayTopicsContext;

type Take = (payload: Buffer, topic: string, isRetained: boolean) => void;

/** The daemon's connection to its MQTT broker (`[mqtt]`), and everything that is told over it. */
export class Mqtt implements MqttPublisher, MqttBridges, MqttPoster {
  readonly #context: LinkContext;
  /** For a configuration without client-id. MQTT 3.1.1 has brokers take 23 characters. */
  readonly #ownId = `sockproxyd-${randomBytes(ID_BYTES).toString("hex")}`;
  readonly #publisher: Publisher = {
    id: randomBytes(ID_BYTES).toString("hex"),
    ...{ host: hostname(), pid: process.pid, parent: process.ppid },
  };
  /** By whole topics. */
  readonly #takers = new Map<string, Set<Take>>();
  /** Those of them that have wildcards. */
  readonly #filters = new Set<string>();
  readonly #topics: GatewayTopics;
  #link: BrokerLink | undefined;
  #settings: BrokerSettings | undefined;
  #payload: MqttPayload = "json";
  /** The link before this one, while it says goodbye. */
  #leaving: Promise<void> = Promise.resolve();

  constructor(context: MqttParts) {
    this.#context = context;
    this.#topics = new GatewayTopics(context, {
      publish: (...message) => this.publish(...message),
      hear: (topic, take) => this.#subscribe(topic, take),
      forget: (topic) => this.#link?.forget(wholeTopic(this.#settings?.prefix ?? "", topic)),
      repeat: () => this.#link?.repeat(),
      others: () => this.#link?.others,
      publisher: this.#publisher,
    });
  }

  /** Undefined: no broker is configured. */
  get status(): MqttStatus | undefined {
    return this.#link?.status;
  }

  /** The broker is there, and much waits for it. */
  get isBusy(): boolean {
    const backlog = this.#link?.backlog;
    return backlog !== undefined && (backlog.bytes > BUSY.bytes || backlog.size > BUSY.messages);
  }

  /** Obeys these settings from now on. A connection whose settings stay goes on. */
  configure(settings: Settings, identities: TlsIdentities): void {
    this.#payload = settings.mqttPayload;
    const next = brokerSettings(settings, identities, this.#ownId, this.#publisher);
    if (next?.prefix !== this.#settings?.prefix) this.#topics.leave(); // by the link that knows who else has the prefix
    if (keyOf(next) !== keyOf(this.#settings)) this.#connect(next);
    if (next !== undefined) this.#topics.configure(settings);
  }

  /** Replaces the link by one with these settings. */
  #connect(next: BrokerSettings | undefined): void {
    const [before, former] = [this.#settings, this.#link];
    this.#settings = next;
    const legacy = former?.legacy;
    if (former !== undefined) {
      this.#leaving = this.#leave(former, placeOf(next) === placeOf(before) ? "stops" : "moves");
    }
    this.#link = undefined;
    if (next === undefined) return;
    const link = new BrokerLink(next, this.#context, {
      topics: () => [...this.#takers.keys()].map((topic) => wholeTopic(next.prefix, topic)),
      message: (topic, payload, isRetained) => this.#take(next.prefix, topic, payload, isRetained),
      makerOf: (topic) => this.#topics.makerOf(topic),
    });
    this.#link = link;
    if (before !== undefined && legacy !== undefined) inherit(link, next, legacy, before.prefix);
    void this.#leaving.then(() => {
      if (this.#link === link) link.start();
    });
  }

  publish(topic: string, payload: string | Buffer, { retain = false, qos }: PublishOptions = {}): void {
    const settings = this.#settings;
    if (settings === undefined) return;
    const whole = wholeTopic(settings.prefix, topic);
    if (retain) this.#link?.keep(whole, payload, qos);
    else this.#link?.send({ topic: whole, payload, qos: qos ?? settings.qos, retain });
  }

  offer(topic: string, payload: Buffer): void {
    if ((this.#link?.backlog?.bytes ?? 0) > CROWDED_BYTES) this.#link?.refuse();
    else this.publish(topic, payload);
  }

  subscribe(topic: string, take: (payload: Buffer) => void): () => void {
    return this.#subscribe(topic, (payload, _topic, isRetained) => {
      if (!isRetained) take(payload);
    });
  }

  post(topic: string, content: () => string | undefined, settled: (arrived: boolean) => void): void {
    const settings = this.#settings;
    if (settings === undefined || this.#link === undefined) settled(false);
    else {
      const { prefix, qos } = settings;
      this.#link.send({ topic: wholeTopic(prefix, topic), payload: content, qos, retain: false, settled });
    }
  }

  bridge(topic: string, remote: () => MqttRemote | undefined, payload?: MqttPayload): RawBridge {
    return new RawBridge(topic, remote, this, () => (payload ?? this.#payload) === "lines");
  }

  /** Makes the way of connections whose options name a topic for their events. */
  wayOf(topic: string): MqttWay {
    return new MqttWay(topic, this);
  }

  announce(sensor: MqttSensor): () => void {
    return this.#topics.announce(sensor);
  }

  /**
   * Publishes what waits and `offline`, and closes the connection, within a second.
   *
   * @param isReplaced another process goes on with the topics: it has said `online` already
   */
  async close(isReplaced = false): Promise<void> {
    const link = this.#link;
    this.#topics.stop();
    this.#link = undefined;
    this.#settings = undefined;
    await this.#leaving;
    if (link !== undefined) await this.#leave(link, isReplaced ? "replaced" : "stops");
  }

  async #leave(link: BrokerLink, why: LeaveReason): Promise<void> {
    await atMost(CLOSE_LIMIT_MS, this.#context.clock, (closed) => void link.close(why).then(closed));
    link.destroy();
  }

  #subscribe(topic: string, take: Take): () => void {
    const takers = this.#takers.get(topic) ?? new Set();
    const whole = (): string => wholeTopic(this.#settings?.prefix ?? "", topic);
    if (takers.size === 0) this.#link?.subscribe(whole());
    if (/[+#]/.test(topic)) this.#filters.add(topic);
    this.#takers.set(topic, takers.add(take));
    return () => {
      takers.delete(take);
      if (takers.size > 0 || this.#takers.get(topic) !== takers) return;
      this.#takers.delete(topic);
      this.#filters.delete(topic);
      this.#link?.unsubscribe(whole());
    };
  }

  /** There may be thousands of takers: those of this very topic are looked up. */
  #take(prefix: string, topic: string, payload: Buffer, isRetained: boolean): void {
    const places = new Set([`/${topic}`]);
    if (topic.startsWith(`${prefix}/`)) places.add(topic.slice(prefix.length + 1));
    for (const filter of this.#filters) if (topicMatches(wholeTopic(prefix, filter), topic)) places.add(filter);
    for (const place of places) for (const take of this.#takers.get(place) ?? []) take(payload, topic, isRetained);
  }
}

/** A topic below the prefix as the broker knows it; one that begins with a slash is below nothing. */
function wholeTopic(prefix: string, topic: string): string {
  return topic.startsWith("/") ? topic.slice(1) : `${prefix}/${topic}`;
}

/** Gives a link what the one before it has not published, and what it had the broker keep, below another prefix perhaps. */
function inherit(link: BrokerLink, { prefix }: BrokerSettings, { waiting, kept }: Legacy, former: string): void {
  const moved = (topic: string): string | undefined => {
    if (prefix === former) return topic;
    return topic.startsWith(`${former}/`) ? `${prefix}${topic.slice(former.length)}` : undefined; // discovery is made anew
  };
  for (const { topic, payload } of kept) {
    const whole = payload.length === 0 ? topic : moved(topic); // what is taken away is so where it was
    if (whole !== undefined) link.keep(whole, payload);
  }
  for (const message of waiting) link.send({ ...message, topic: moved(message.topic) ?? message.topic });
}

/** What the keys of `[mqtt]` come to; undefined: there is no broker. */
function brokerSettings(
  settings: Settings,
  identities: TlsIdentities,
  ownId: string,
  publisher: Publisher,
): BrokerSettings | undefined {
  const { mqttBroker: broker, mqttPrefix: prefix, mqttTls, mqttClientId } = settings;
  if (broker === undefined) return undefined;
  return {
    broker,
    tls: broker.secure ? { credentials: identities.get(mqttTls) ?? {}, verify: settings.mqttTlsVerify } : undefined,
    clientId: mqttClientId === "" ? ownId : mqttClientId,
    isOwnId: mqttClientId === "",
    user: settings.mqttUser,
    password: settings.mqttPassword,
    prefix,
    statusTopic: `${prefix}/${STATUS_TOPIC}`,
    publisher,
    qos: settings.mqttQos,
    retain: settings.mqttRetain,
  };
}

/** Where the topics are. */
function placeOf(settings: BrokerSettings | undefined): string {
  return settings === undefined ? "" : `${formatHostPort(settings.broker.target)} ${settings.prefix}`;
}

/** Tells one connection from another. */
function keyOf(settings: BrokerSettings | undefined): string {
  return JSON.stringify(settings, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
}
