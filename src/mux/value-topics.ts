import { availabilityTopic, valuesLevel } from "../core/mqtt/mqtt-lines.js";
import type { PublishRule } from "../core/mux/publish/publish-rule.js";
import type { Publication } from "../core/mux/publish/published-value.js";
import type { LineId } from "../core/net/client-origin.js";
import type { MqttPublisher, MqttSensor } from "../mqtt/mqtt-publisher.js";

/** The topics of the values of one line: `LINE/NAME` has the value, `LINE/NAME/available` whether it is true still. Both are kept. */
export class ValueTopics {
  readonly #mqtt: MqttPublisher;
  readonly #level: string;
  /** Takes the sensor of a value away from Home Assistant, by what was announced. */
  readonly #announced: Map<string, () => void>;

  /** @param former those of the line before a reload: what stays is not announced again, and what is gone is forgotten */
  constructor(mqtt: MqttPublisher, line: LineId, rules: readonly PublishRule[], former?: ValueTopics) {
    const { name, port } = line;
    this.#mqtt = mqtt;
    this.#level = valuesLevel(line);
    const sensors = rules.map((rule) => this.#sensorOf(rule, name ?? `port ${port}`));
    const known = former?.handOver(sensors) ?? new Map();
    this.#announced = new Map(
      sensors.map((sensor) => {
        const key = JSON.stringify(sensor);
        return [key, known.get(key) ?? mqtt.announce(sensor)];
      }),
    );
  }

  /** Forgets all but these sensors, and gives them away. */
  handOver(sensors: readonly MqttSensor[]): Map<string, () => void> {
    const kept = new Map<string, () => void>();
    for (const sensor of sensors) {
      const key = JSON.stringify(sensor);
      const withdraw = this.#announced.get(key);
      if (withdraw !== undefined) kept.set(key, withdraw);
      this.#announced.delete(key);
    }
    this.close();
    return kept;
  }

  /** Publishes a value, or that it is there no more. */
  publish({ name, text, available }: Publication): void {
    const topic = this.#topicOf(name);
    if (text !== undefined) this.#mqtt.publish(topic, text, { retain: true });
    if (available !== undefined) {
      this.#mqtt.publish(availabilityTopic(topic), available ? "online" : "offline", { retain: true });
    }
  }

  /** The values are published no more: the broker forgets them. */
  close(): void {
    for (const [key, withdraw] of this.#announced) {
      withdraw();
      const { topic } = JSON.parse(key) as MqttSensor;
      for (const kept of [topic, availabilityTopic(topic)]) this.#mqtt.publish(kept, "", { retain: true });
    }
    this.#announced.clear();
  }

  #topicOf(value: string): string {
    return `${this.#level}/${value}`;
  }

  #sensorOf({ name, measure, stored, type }: PublishRule, line: string): MqttSensor {
    const topic = this.#topicOf(name);
    return {
      ...{ line, name, topic, availability: availabilityTopic(topic) },
      ...(measure !== undefined && { unit: measure }),
      ...(stored && { isStored: stored }),
      ...((type.kind === "bool" || type.kind === "bit") && { isBinary: true }),
    };
  }
}
