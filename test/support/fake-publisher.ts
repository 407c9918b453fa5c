import type { MqttPublisher, MqttSensor } from "#src/mqtt/mqtt-publisher.js";

/** A broker that keeps everything in a list. */
export class FakePublisher implements MqttPublisher {
  /** `topic payload`, retained ones with `!` in front. */
  readonly published: string[] = [];
  /** The sensors that are announced now. */
  readonly sensors = new Set<MqttSensor>();

  publish(topic: string, payload: string | Buffer, options: { retain?: boolean } = {}): void {
    this.published.push(`${options.retain ? "!" : ""}${topic} ${payload}`);
  }

  subscribe(): () => void {
    return () => {};
  }

  announce(sensor: MqttSensor): () => void {
    this.sensors.add(sensor);
    return () => void this.sensors.delete(sensor);
  }

  /** Takes everything that was published. */
  take(): string[] {
    return this.published.splice(0);
  }
}
