import type { Rounds } from "../scheduling/rounds.js";
import type { MuxClient } from "./mux-client.js";

/** Delivers bytes of the device to several clients. Each client gets them in the order of the calls, however long a round takes. */
export class Announcements {
  readonly #rounds: Rounds;
  readonly #clients: Iterable<MuxClient>;
  /** Messages for all clients that the last round of the queue will deliver, until that round begins. */
  #messages: Buffer[] | undefined;

  /** @param clients all clients of the mux: the collection changes as clients come and go */
  constructor(rounds: Rounds, clients: Iterable<MuxClient>) {
    this.#rounds = rounds;
    this.#clients = clients;
  }

  /** Calls `deliver` for each item, behind everything announced before. */
  each<T>(items: ReadonlySet<T>, deliver: (item: T) => void): void {
    this.#messages = undefined;
    if (items.size <= 1 && this.#rounds.idle)
      items.forEach(deliver); // the usual case: one client, and nothing waits
    else this.#rounds.begin(items, deliver);
  }

  /** Delivers a message to all clients. Messages that follow before the round begins go out together with it. */
  all(message: Buffer): void {
    if (this.#messages !== undefined) {
      this.#messages.push(message);
      return;
    }
    const messages = [message];
    this.#messages = messages;
    this.#rounds.begin(this.#deliveries(messages), ({ client, bytes }) => {
      if (client.stalled) client.cut("it does not read what the device sends");
      else client.deliver(bytes);
    });
  }

  *#deliveries(messages: readonly Buffer[]): Generator<{ readonly client: MuxClient; readonly bytes: Buffer }> {
    if (this.#messages === messages) this.#messages = undefined;
    const bytes = Buffer.concat(messages);
    for (const client of this.#clients) yield { client, bytes };
  }
}
