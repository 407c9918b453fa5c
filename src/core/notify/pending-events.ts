import { Deque } from "../collections/deque.js";
import type { GatewayEvent } from "../events/gateway-event.js";
import type { RequestKind } from "./notification-pacer.js";

/** The connection whose events are told. */
export interface EventSource {
  /** Bytes from the remote so far. */
  readonly receivedBytes: number;
  /** The event that so many new bytes have come. */
  data(bytes: number): GatewayEvent;
}

/**
 * Most notices that wait for one connection: its beginning, and some departures and returns of its client. They alternate: beyond this,
 * a new one and the one before it cancel each other.
 */
export const MAX_NOTICES = 8;

/** What is still to be told of one connection, on one way. */
export class PendingEvents {
  /** Undefined as soon as there will be no more data: the connection is not kept in memory for what is still to be told. */
  #source: EventSource | undefined;
  readonly #notices = new Deque<GatewayEvent>();
  #final: GatewayEvent | undefined;
  /** Bytes that the current request announces, and those before it, and how many of them have been told. */
  #announcedBytes = 0;
  #toldBytes = 0;

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** A notice is to be told. @returns by how many there are more of them now */
  add(notice: GatewayEvent): 1 | -1 {
    if (this.#notices.size < MAX_NOTICES) {
      this.#notices.push(notice);
      return 1;
    }
    this.#notices.takeBack();
    return -1;
  }

  /** The connection has ended: only this is to be told, behind the notices that wait. */
  end(final: GatewayEvent): void {
    this.#final = final;
    this.#source = undefined;
  }

  /** The event for a request of this kind, which leaves now; undefined: there is none, or not any more. */
  take(kind: RequestKind): GatewayEvent | undefined {
    if (kind === "notice") return this.#notices.first;
    if (kind === "final" || this.#source === undefined) return this.#final;
    this.#announcedBytes = this.#source.receivedBytes;
    return this.#source.data(this.#announcedBytes - this.#toldBytes);
  }

  /** A request of this kind has been taken, or refused for ever. */
  told(kind: RequestKind): void {
    if (kind === "notice") this.#notices.take();
    if (kind === "data") this.#toldBytes = this.#announcedBytes;
  }
}
