import type { Settings } from "../core/config/settings.js";
import type { LineFacts } from "../core/mqtt/line-status.js";
import { STATUS_TOPIC } from "../core/mqtt/mqtt-topic.js";
import type { Publisher } from "../core/mqtt/prefix-sharing.js";
import { printableJson } from "../core/parse/text.js";
import type { Gathering } from "../core/status/gathering.js";
import type { EventBus } from "../events/event-bus.js";
import type { Clock, Timer } from "../system/clock.js";
import { HomeAssistant } from "./home-assistant.js";
import type { MqttPublisher, MqttSensor } from "./mqtt-publisher.js";
import { StatusTopics } from "./status-topics.js";

/** The parts of the daemon that are told. */
export interface GatewayTopicsContext {
  readonly clock: Clock;
  readonly events: Pick<EventBus, "subscribe">;
  readonly version: string;
  facts(): Gathering<LineFacts>;
}

/** What it needs of the connection. A topic that begins with a slash is below no prefix. */
export interface TopicPublisher extends Pick<MqttPublisher, "publish"> {
  /** Takes all messages of topics, those that the broker has retained as well. @returns ends that */
  hear(topic: string, take: (payload: Buffer, topic: string, isRetained: boolean) => void): () => void;
  /** Takes away what the broker has kept of an earlier run, where this one does not have it kept, too. */
  forget(topic: string): void;
  /** Publishes everything once more that the broker keeps. */
  repeat(): void;
  /** The ids of other daemons below the same prefix; undefined: they are not known yet. */
  others(): ReadonlySet<string> | undefined;
  readonly publisher: Publisher;
}

type TopicSettings = Pick<
  Settings,
  "mqttPrefix" | "mqttDiscovery" | "mqttDiscoveryPrefix" | "mqttEvents" | "mqttCounters"
>;

/** Anybody on the broker can say that Home Assistant has started: everything is published again this often at most. */
const REPEAT_MS = 5000;

/** What the daemon says by itself: the status of its lines, events, and Home Assistant's discovery. */
export class GatewayTopics {
  readonly #context: GatewayTopicsContext;
  readonly #publisher: TopicPublisher;
  readonly #sensors = new Map<MqttSensor, () => void>();
  #key = "";
  #status: StatusTopics | undefined;
  #homeAssistant: HomeAssistant | undefined;
  #prefix = "";
  readonly #ends: (() => void)[] = [];
  #repeat: Timer | undefined;

  constructor(context: GatewayTopicsContext, publisher: TopicPublisher) {
    this.#context = context;
    this.#publisher = publisher;
  }

  /** Begins, or obeys other settings. What these do not want any more is taken away. */
  configure(settings: TopicSettings): void {
    const { mqttPrefix, mqttDiscovery, mqttDiscoveryPrefix, mqttEvents, mqttCounters } = settings;
    const key = JSON.stringify([mqttPrefix, mqttDiscovery, mqttDiscoveryPrefix, mqttEvents, mqttCounters]);
    if (key === this.#key) return;
    this.leave();
    this.#key = key;
    this.#prefix = mqttPrefix;
    if (mqttDiscovery === "homeassistant") this.#discover(mqttDiscoveryPrefix);
    const publish = this.#publisher;
    if (mqttEvents.length > 0) {
      const { events } = this.#context;
      this.#ends.push(
        events.subscribe((event) => publish.publish(`event/${event.event}`, printableJson(event)), mqttEvents),
      );
    }
    this.#status = new StatusTopics(
      this.#context.clock,
      { countersMs: mqttCounters },
      () => this.#context.facts(),
      (topic, payload) => publish.publish(topic, payload, { retain: true }),
      (lines) => this.#homeAssistant?.lines(lines) ?? [],
    );
    this.#status.start();
  }

  /** Takes away what Home Assistant has found, and says nothing more. */
  leave(): void {
    this.#homeAssistant?.clear();
    this.stop();
  }

  /** Says nothing more by itself. */
  stop(): void {
    this.#key = "";
    this.#status?.stop();
    this.#repeat?.cancel();
    this.#repeat = undefined;
    this.#homeAssistant = undefined;
    for (const end of this.#ends.splice(0)) end();
  }

  announce(sensor: MqttSensor): () => void {
    this.#sensors.set(sensor, this.#announced(sensor));
    return () => {
      this.#sensors.get(sensor)?.();
      this.#sensors.delete(sensor);
    };
  }

  /** The id of the last other process that has published a message of discovery, as far as that is known. */
  makerOf(topic: string): string | undefined {
    return this.#homeAssistant?.makerOf(topic);
  }

  #discover(discoveryPrefix: string): void {
    const statusTopic = `${this.#prefix}/${STATUS_TOPIC}`;
    const { id, host } = this.#publisher.publisher;
    const origin = { version: this.#context.version, id, host };
    const place = { discoveryPrefix, prefix: this.#prefix, statusTopic, origin };
    const homeAssistant = new HomeAssistant(place, {
      keep: (topic, payload) => this.#publisher.publish(`/${topic}`, payload, { retain: true }),
      forget: (topic) => this.#publisher.forget(`/${topic}`),
      repeat: () => this.#repeatSoon(),
      others: () => this.#publisher.others(),
    });
    this.#homeAssistant = homeAssistant;
    for (const topic of homeAssistant.topics) {
      this.#ends.push(
        this.#publisher.hear(`/${topic}`, (payload, whole, isRetained) =>
          homeAssistant.take(whole, payload, isRetained),
        ),
      );
    }
    for (const sensor of this.#sensors.keys()) this.#sensors.set(sensor, this.#announced(sensor));
  }

  #announced({ line, topic, availability, ...rest }: MqttSensor): () => void {
    const whole = (below: string): string => `${this.#prefix}/${below}`;
    const value = {
      ...rest,
      topic: whole(topic),
      ...(availability !== undefined && { availability: whole(availability) }),
    };
    return this.#homeAssistant?.announce(line, value) ?? (() => {});
  }

  #repeatSoon(): void {
    if (this.#repeat !== undefined) return;
    this.#publisher.repeat();
    this.#repeat = this.#context.clock.after(REPEAT_MS, () => {
      this.#repeat = undefined;
    });
  }
}
