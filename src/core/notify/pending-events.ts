import { Deque } from "../collections/deque.js";
import type { EventName, GatewayEvent } from "../events/gateway-event.js";
import type { RequestKind } from "./notification-pacer.js";

/** The connection whose events are told. */
export interface EventSource {
  /** Bytes from the remote so far. */
  readonly receivedBytes: number;
  /** The event that so many new bytes have come. */
  data(bytes: number): GatewayEvent;
}

/** Most notices that wait for one connection: its beginning, and some departures and returns of its client. */
export const MAX_NOTICES = 8;

/** Events that end what another one has begun. */
const OPPOSITES: Partial<Record<EventName, EventName>> = {
  resumed: "parked",
  parked: "resumed",
  "server-back": "server-down",
  "device-back": "device-down",
  "link-back": "link-down",
};

/** What is still to be told of one connection, on one way. */
export class PendingEvents {
  /** Undefined as soon as there will be no more data: the connection is not kept in memory for what is still to be told. */
  #source: EventSource | undefined;
  readonly #maxNotices: number;
  readonly #notices = new Deque<GatewayEvent>();
  #final: GatewayEvent | undefined;
  /** Bytes that the current request announces, and those before it, and how many of them have been told. */
  #announcedBytes: number;
  #toldBytes: number;

  /**
   * @param source undefined: there are notices only
   * @param maxNotices most notices that wait
   */
  constructor(source: EventSource | undefined, maxNotices = MAX_NOTICES) {
    this.#source = source;
    this.#toldBytes = source?.receivedBytes ?? 0; // those before are no news
    this.#announcedBytes = this.#toldBytes;
    this.#maxNotices = maxNotices;
  }

  /** Notices that are still to be told, the oldest first. */
  get notices(): GatewayEvent[] {
    return [...this.#notices];
  }

  /** Bytes that have been told. */
  get toldBytes(): number {
    return this.#toldBytes;
  }

  /** Whether bytes have come that no request has announced yet. */
  get hasNewBytes(): boolean {
    return this.#source !== undefined && this.#source.receivedBytes > this.#announcedBytes;
  }

  /** Goes on where another process has been. */
  restore(notices: readonly GatewayEvent[], toldBytes: number): void {
    for (const notice of notices.slice(0, this.#maxNotices)) this.#notices.push(notice);
    this.#toldBytes = toldBytes;
    this.#announcedBytes = toldBytes;
  }

  /**
   * A notice is to be told. Where too many wait, it and its opposite cancel each other, or else the oldest one that is not under way goes.
   *
   * @returns by how many there are more of them now
   */
  add(notice: GatewayEvent): 1 | 0 | -1 {
    const last = this.#notices.last;
    const isFull = this.#notices.size >= this.#maxNotices;
    if (isFull && last !== undefined && last.remote === notice.remote && OPPOSITES[notice.event] === last.event) {
      this.#notices.takeBack();
      return -1;
    }
    this.#notices.push(notice);
    if (!isFull) return 1;
    const first = this.#notices.take(); // it may be under way
    this.#notices.take();
    if (first !== undefined) this.#notices.pushFront(first);
    return 0;
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
