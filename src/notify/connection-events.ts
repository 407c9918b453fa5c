import type { EventName, GatewayEvent } from "../core/events/gateway-event.js";
import type { EventSource } from "../core/notify/pending-events.js";
import { utcTime } from "../log/times.js";
import type { Clock } from "../system/clock.js";
import type { ToldConnection } from "./notification-way.js";

/** Makes the events of one connection. */
export class ConnectionEvents implements EventSource {
  readonly #connection: ToldConnection;
  readonly #clock: Clock;

  constructor(connection: ToldConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  get receivedBytes(): number {
    return this.#connection.receivedBytes;
  }

  connected(): GatewayEvent {
    const { client, remote } = this.#connection;
    return this.#event("connected", `${client} is connected to ${remote}`);
  }

  data(bytes: number): GatewayEvent {
    return this.#event("data", `${bytes} bytes from ${this.#connection.remote}`, { bytes });
  }

  /** @param bytes that wait for the client */
  parked(bytes: number): GatewayEvent {
    const { client, remote } = this.#connection;
    return this.#event("parked", `${client} has gone, ${remote} stays connected`, { bytes });
  }

  /** @param bytes that the client gets now */
  resumed(bytes: number): GatewayEvent {
    const { remote } = this.#connection;
    return this.#event("resumed", `the client of ${remote} is back, ${bytes} bytes have waited for it`, { bytes });
  }

  closed(reason: string): GatewayEvent {
    const { remote, receivedBytes: bytes } = this.#connection;
    return this.#event("closed", `the connection to ${remote} has ended: ${reason}`, { bytes, reason });
  }

  #event(event: EventName, text: string, more: Pick<GatewayEvent, "bytes" | "reason"> = {}): GatewayEvent {
    const { pid, name, listener, remote, client } = this.#connection;
    return {
      event,
      time: utcTime(this.#clock.epochMs()),
      pid,
      ...(name !== undefined && { name }),
      listener,
      remote,
      client,
      ...more,
      text: name === undefined ? text : `${name}: ${text}`,
    };
  }
}
