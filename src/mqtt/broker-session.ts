import type { Socket } from "node:net";
import client from "mqtt/lib/client";
import type { FixedMessage, Qos } from "../core/mqtt/mqtt-message.js";
import { PacketSieve } from "../core/mqtt/packet-sieve.js";
import type { WatchedSession } from "./ack-watch.js";
import { PacketFeed } from "./packet-feed.js";

/** A broker answers at once; a hub that is busy may take some seconds. */
const CONNECT_LIMIT_MS = 10_000;
/** Silence after which the broker is asked whether it is there; openLuup closes after 120 s. */
const KEEPALIVE_S = 30;
/** Bytes that one packet may bring, and of a larger message what is read: more than anybody writes to a device at once, or finds a device by. */
const MAX_PACKET = 1_048_576;
const MAX_REASON = 200; // characters
/** Requests to subscribe and unsubscribe that may wait for their answers: the package keeps each of them. */
const MAX_UNANSWERED = 5000;

/** What the broker is told when the connection begins. */
export interface Greeting {
  readonly clientId: string;
  readonly user: string;
  readonly password: string;
  /** What the broker publishes when the connection ends without a word. */
  readonly will: FixedMessage;
}

/** Told what happens. */
export interface SessionOwner {
  /** The broker has taken the connection. */
  connected(): void;
  message(topic: string, payload: Buffer, isRetained: boolean): void;
  /**
   * It is over; told once.
   *
   * @param why in words
   * @param isMute the broker gave no reason
   */
  closed(why: string, isMute: boolean): void;
  /** The broker refuses a subscription. */
  refused(topics: readonly string[], why: string): void;
}

/** One MQTT 3.1.1 session over one connection (the protocol is that of the package `mqtt`). It does not come again by itself. */
export class BrokerSession implements WatchedSession {
  heard = 0;
  readonly #socket: Socket;
  readonly #client: InstanceType<typeof client.default>;
  #owner: SessionOwner | undefined;
  #error: Error | undefined;
  #unanswered = 0;

  constructor(socket: Socket, { clientId, user, password, will }: Greeting, owner: SessionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    const stream = sieved(socket, (why) => this.#fail(new Error(why)));
    this.#client = new client.default(() => stream as never, {
      clientId,
      ...(user !== "" && { username: user }),
      ...(password !== "" && { password }),
      will: { ...will, payload: Buffer.from(will.payload) },
      clean: true,
      resubscribe: false,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_LIMIT_MS,
      keepalive: KEEPALIVE_S,
      timerVariant: "native",
      writeCache: false, // 65,536 buffers, one for each number of two bytes
      log: () => {}, // it would get the password
    });
    this.#client.on("packetreceive", () => {
      this.heard += 1;
    });
    this.#client.on("connect", () => this.#owner?.connected());
    this.#client.on("message", (topic, payload, { retain }) => this.#owner?.message(topic, payload, retain));
    this.#client.on("error", (error) => this.#fail(error));
    socket.once("close", () => this.#closed());
  }

  /** Bytes that the kernel has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** @param settled the broker has it (QoS 1), or the kernel (QoS 0); not called when the session ends before */
  publish({ topic, payload, qos, retain }: FixedMessage, settled: () => void): void {
    this.#client.publish(topic, payload, { qos, retain }, (error) => {
      if (!error) settled();
    });
  }

  subscribe(topics: readonly string[], qos: Qos): void {
    if (topics.length === 0) return;
    this.#ask();
    this.#client.subscribe([...topics], { qos }, (error, _topics, packet) => {
      this.#unanswered -= 1;
      if (!error || this.#socket.destroyed) return; // a connection that has ended is to blame itself
      const refused = topics.filter((_topic, index) => isRefusal(packet?.granted[index]));
      this.#owner?.refused(refused, error.message);
    });
  }

  ping(): void {
    this.#client.sendPing();
  }

  unsubscribe(topic: string): void {
    this.#ask();
    this.#client.unsubscribe(topic, () => {
      this.#unanswered -= 1;
    });
  }

  /** Something more is asked of the broker. */
  #ask(): void {
    this.#unanswered += 1;
    if (this.#unanswered > MAX_UNANSWERED) this.#fail(new Error("the broker does not answer to subscriptions"));
  }

  /** Says goodbye: the broker does not publish the will then. Resolves when that has left, and the connection is closed. */
  end(): Promise<void> {
    this.#owner = undefined;
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      this.#socket.once("close", () => resolve());
      this.#client.end(false);
    });
  }

  /** Ends the connection at once, and tells nothing more. */
  destroy(): void {
    this.#owner = undefined;
    this.#client.end(true);
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  #closed(): void {
    const owner = this.#owner;
    this.#owner = undefined;
    this.#client.end(true);
    const error = this.#error?.message.slice(0, MAX_REASON) ?? "";
    const isMute = error === "" || /ECONNRESET|EPIPE/.test(error);
    owner?.closed(isMute ? "the broker has closed the connection" : error, isMute);
  }
}

/** Whether a broker has refused a subscription (MQTT 3.1.1, 3.9.3). */
function isRefusal(granted: unknown): boolean {
  return typeof granted !== "number" || granted >= 0x80;
}

/** Has the package, which reads a connection by `pipe`, get packets that make sense, one at a time. */
function sieved(socket: Socket, lost: (why: string) => void): Socket {
  return Object.assign(socket, {
    pipe<Reader extends NodeJS.WritableStream>(reader: Reader): Reader {
      new PacketFeed(socket, new PacketSieve(MAX_PACKET), reader, lost);
      return reader;
    },
  });
}
