import type { Rounds } from "../scheduling/rounds.js";
import type { MuxClient } from "./mux-client.js";

/** What clients of a mux are told, each in the order in which it came. */
export class Announcements {
  readonly #rounds: Rounds;
  readonly #clients: Iterable<MuxClient>;
  /** What all are to be told next, while nothing is to be told behind it. */
  #news: Buffer[] | undefined;

  /** @param clients all that there are, at any time */
  constructor(rounds: Rounds, clients: Iterable<MuxClient>) {
    this.#rounds = rounds;
    this.#clients = clients;
  }

  /** Tells each of these something, behind what they are to be told already. */
  each<T>(some: ReadonlySet<T>, tell: (one: T) => void): void {
    this.#news = undefined;
    if (some.size <= 1 && this.#rounds.idle)
      some.forEach(tell); // nearly always so
    else this.#rounds.begin(some, tell);
  }

  /** Tells all what the device has said on its own. What it says before the first of them is told goes out with it. */
  all(message: Buffer): void {
    if (this.#news !== undefined) {
      this.#news.push(message);
      return;
    }
    const news = [message];
    this.#news = news;
    this.#rounds.begin(this.#audience(news), ({ client, bytes }) => {
      if (client.stalled) client.cut("it does not read what the device says");
      else client.deliver(bytes);
    });
  }

  *#audience(news: readonly Buffer[]): Generator<{ readonly client: MuxClient; readonly bytes: Buffer }> {
    if (this.#news === news) this.#news = undefined;
    const bytes = Buffer.concat(news);
    for (const client of this.#clients) yield { client, bytes };
  }
}
