import { ClientIds } from "../core/tunnel/client-ids.js";
import type { Channel } from "./channel.js";

/** With more clients, those that have sent FIN are closed before their answer is complete: new clients will need their numbers. */
const MANY_CLIENTS = 192;

/** The clients of one link, by their numbers. */
export class LinkClients {
  readonly #byId = new Map<number, Channel>();
  /** Clients that have sent FIN, of which the peer does not know, and wait for the rest of an answer, the oldest first. */
  readonly #ended = new Set<Channel>();
  readonly #ids = new ClientIds(this.#byId);

  get count(): number {
    return this.#byId.size;
  }

  get all(): Iterable<Channel> {
    return this.#byId.values();
  }

  get(id: number): Channel | undefined {
    return this.#byId.get(id);
  }

  /** Whether this client still has its number. One that the peer has closed may have bytes to deliver, and no number any more. */
  has(channel: Channel): boolean {
    return this.#byId.get(channel.id) === channel;
  }

  add(channel: Channel): void {
    this.#byId.set(channel.id, channel);
  }

  /** This client has sent FIN. */
  ended(channel: Channel): void {
    if (this.has(channel)) this.#ended.add(channel);
  }

  remove(channel: Channel): void {
    this.#ended.delete(channel);
    this.#byId.delete(channel.id);
  }

  /** The clients that have sent FIN. They do not count as such any more: the peer can be told. */
  takeEnded(): Channel[] {
    const channels = [...this.#ended];
    this.#ended.clear();
    return channels;
  }

  /** Removes all of them. */
  takeAll(): Channel[] {
    const channels = [...this.#byId.values()];
    this.#byId.clear();
    this.#ended.clear();
    return channels;
  }

  /** The client to close for the sake of its number; undefined while there is room, or when no client can go. */
  get nextToClose(): Channel | undefined {
    if (this.#byId.size <= MANY_CLIENTS) return undefined;
    for (const channel of this.#ended) if (channel.unsent === 0) return channel;
    return undefined;
  }

  /**
   * This side has closed a client.
   *
   * @param now milliseconds
   * @param confirms whether the peer confirms a CLOSE with a CLOSE
   */
  closedHere(id: number, now: number, confirms: boolean): void {
    this.#ids.closed(id, now, confirms);
  }

  /** The peer has closed this number. */
  closedThere(id: number): void {
    this.#ids.confirmed(id);
  }

  /** A number for another client; undefined when no number is left. */
  freeId(now: number): number | undefined {
    return this.#ids.free(now);
  }

  /** A number that no client has; undefined when clients have all of them. */
  unusedId(): number | undefined {
    return this.#ids.unused();
  }
}
