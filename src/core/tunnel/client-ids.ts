import { CLIENTS_MAX } from "./frames.js";

/** After so long a number is free though a side of another make has not confirmed that: it never does. */
const UNCONFIRMED_MS = 2000;

/**
 * The numbers by which a link tells its clients apart. What is still on its way for one that has been closed from here is not for
 * another client: our own peers say when that is over (CLOSE for CLOSE); beside others such a number is taken last, or after a while.
 */
export class ClientIds {
  readonly #used: Pick<ReadonlySet<number>, "has">;
  /** Those closed from here of which the other side has not said that it knows, and when they are free all the same. */
  readonly #freeAt = new Map<number, number>();

  /** @param used those that clients have */
  constructor(used: Pick<ReadonlySet<number>, "has">) {
    this.#used = used;
  }

  /**
   * One has been closed from here.
   *
   * @param now milliseconds
   * @param confirms whether the other side will say that it knows
   */
  closed(id: number, now: number, confirms: boolean): void {
    this.#freeAt.set(id, confirms ? Number.POSITIVE_INFINITY : now + UNCONFIRMED_MS);
  }

  /** The other side sends nothing more for it. */
  confirmed(id: number): void {
    this.#freeAt.delete(id);
  }

  /** The lowest that is free; nothing when there is none. */
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

  /** One that stands for nobody: the highest, since one that is given to a client just now is low; nothing when there is none. */
  unused(): number | undefined {
    for (let id = CLIENTS_MAX - 1; id >= 0; id -= 1) if (!this.#used.has(id)) return id;
    return undefined;
  }
}
