import type { ClientCounts } from "../core/status/client-counts.js";

type Counts = { -readonly [Name in keyof ClientCounts]: number };

/** Counts clients by the name of the listener that they have connected to. */
export class ClientCounters {
  readonly #counts = new Map<string, Counts>();

  /** The counts of a listener. The caller may change them. */
  of(listener: string): Counts {
    const known = this.#counts.get(listener);
    if (known !== undefined) return known;
    const counts = { silent: 0, refused: 0, replaced: 0 };
    this.#counts.set(listener, counts);
    return counts;
  }

  /** The counts of all listeners that have any, by their names. */
  get all(): Readonly<Record<string, ClientCounts>> {
    return Object.fromEntries(this.#counts);
  }
}
