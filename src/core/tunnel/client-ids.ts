import { CLIENTS_MAX } from "./frames.js";

/** A number that a peer of another make never confirms is free again after this time. */
const UNCONFIRMED_MS = 2000;

/**
 * The client numbers of one link. Bytes for a closed client may still be on their way; the next client must not get them. So a
 * closed number waits: our own peers confirm a CLOSE with a CLOSE, and the number is free then. Other peers confirm nothing: their
 * numbers are free after {@link UNCONFIRMED_MS}, or at once when no other number is left.
 */
export class ClientIds {
  readonly #used: Pick<ReadonlySet<number>, "has">;
  /** Numbers that this side has closed and the peer has not confirmed: when each is free all the same. */
  readonly #freeAt = new Map<number, number>();

  /** @param used numbers of the clients that are open */
  constructor(used: Pick<ReadonlySet<number>, "has">) {
    this.#used = used;
  }

  /**
   * This side has closed a client.
   *
   * @param now milliseconds
   * @param confirms whether the peer confirms a CLOSE with a CLOSE
   */
  closed(id: number, now: number, confirms: boolean): void {
    this.#freeAt.set(id, confirms ? Number.POSITIVE_INFINITY : now + UNCONFIRMED_MS);
  }

  /** The peer has closed this number: it sends nothing more for it. */
  confirmed(id: number): void {
    this.#freeAt.delete(id);
  }

  /** The lowest free number; undefined when no number is left. */
  free(now: number): number | undefined {
    let last: number | undefined;
    for (let id = 0; id < CLIENTS_MAX; id += 1) {
      if (this.#used.has(id)) continue;
      const at = this.#freeAt.get(id) ?? now;
      if (at <= now) return id;
      if (at < Number.POSITIVE_INFINITY) last ??= id;
    }
    return last;
  }

  /** A number that no client has: the highest, since clients get the lowest. Undefined when clients have all of them. */
  unused(): number | undefined {
    for (let id = CLIENTS_MAX - 1; id >= 0; id -= 1) if (!this.#used.has(id)) return id;
    return undefined;
  }
}
