import { LineCutter } from "../core/mqtt/line-cutter.js";
import type { MqttBridge, MqttPublisher, MqttRemote } from "./mqtt-publisher.js";

/** Most bytes of a remote in one message: hubs and Home Assistant hold messages whole. */
const MAX_MESSAGE = 65_536;
/** Most bytes that one message may write to a remote. */
const MAX_SET = 65_536;
/** Bytes that wait for a remote: more of what others publish is dropped. */
const MAX_UNSENT = 65_536;

interface Publisher extends Pick<MqttPublisher, "publish" | "subscribe"> {
  readonly isBusy: boolean;
  /** As `publish`, but for a sender that cannot wait: where much waits for the broker already, it is dropped, and counted. */
  offer(topic: string, payload: Buffer): void;
}

/** Publishes the bytes of a remote as they come, and writes to it what comes at `TOPIC/set`. */
export class RawBridge implements MqttBridge {
  written = 0;
  refused = 0;
  readonly #mqtt: Publisher;
  readonly #topic: string;
  readonly #unsubscribe: () => void;
  readonly #isLines: () => boolean;
  readonly #lines = new LineCutter(MAX_MESSAGE);

  /**
   * @param remote undefined: there is none at the moment
   * @param isLines whether each line is a message
   */
  constructor(topic: string, remote: () => MqttRemote | undefined, mqtt: Publisher, isLines: () => boolean) {
    this.#isLines = isLines;
    this.#mqtt = mqtt;
    this.#topic = topic;
    this.#unsubscribe = mqtt.subscribe(`${topic}/set`, (payload) => {
      if (payload.length === 0) return;
      const end = remote();
      if (end === undefined || end.gone || end.unsent > MAX_UNSENT || payload.length > MAX_SET) this.refused += 1;
      else {
        end.write(payload);
        this.written += payload.length;
      }
    });
  }

  get isBusy(): boolean {
    return this.#mqtt.isBusy;
  }

  publish(chunk: Buffer): void {
    for (const message of this.#messagesOf(chunk)) this.#mqtt.publish(this.#topic, message);
  }

  offer(chunk: Buffer): void {
    for (const message of this.#messagesOf(chunk)) this.#mqtt.offer(this.#topic, message);
  }

  ended(): void {
    for (const line of this.#lines.rest()) this.#mqtt.publish(this.#topic, line);
  }

  end(): void {
    this.ended();
    this.#unsubscribe();
  }

  #messagesOf(chunk: Buffer): Iterable<Buffer> {
    return this.#isLines() ? this.#lines.take(chunk) : piecesOf(chunk);
  }
}

function* piecesOf(chunk: Buffer): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += MAX_MESSAGE) yield Buffer.from(chunk.subarray(at, at + MAX_MESSAGE));
}
