import { WaitingList } from "../core/mux/waiting-list.js";
import type { MuxClient } from "./mux-client.js";

/** Clients whose next request has no room, and what gives it some: the mux asks about them again then. */
export class WaitingClients {
  readonly #reconsider: (client: MuxClient) => void;
  /** Their next request is a read. It needs no room once an identical read is answered or under way. */
  readonly #forAnswer = new WaitingList<MuxClient>();
  /** Their next request is for a unit that has not answered the one before it. */
  readonly #forUnit = new Set<MuxClient>();

  constructor(reconsider: (client: MuxClient) => void) {
    this.#reconsider = reconsider;
  }

  waitForAnswer(client: MuxClient, key: string): void {
    this.#forAnswer.set(client, key);
  }

  waitForUnit(client: MuxClient): void {
    this.#forUnit.add(client);
  }

  /** The client waits no more. */
  remove(client: MuxClient): void {
    this.#forAnswer.remove(client);
    if (this.#forUnit.size > 0) this.#forUnit.delete(client);
  }

  /** The answer to the reads with this key is cached or under way. */
  answerExpected(key: string): void {
    for (const client of this.#forAnswer.take(key)) this.#reconsider(client);
  }

  /** A unit may have answered. */
  unitFreed(): void {
    if (this.#forUnit.size === 0) return;
    const clients = [...this.#forUnit];
    this.#forUnit.clear();
    for (const client of clients) this.#reconsider(client);
  }
}
