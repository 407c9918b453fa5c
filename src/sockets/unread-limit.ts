import type { Clock, Timer } from "../system/clock.js";
import type { End } from "./end.js";

/** Writes to a peer, and tells when that has taken nothing for too long while something waited for it. */
export class UnreadLimit {
  readonly #peer: Pick<End, "unsent" | "write">;
  readonly #limitMs: number;
  readonly #clock: Clock;
  readonly #stuck: (reason: string) => void;
  #written = 0;
  #timer: Timer | undefined;

  /**
   * @param limitMs half a minute or more: of a reader that is slow the kernel tells only when a third of its buffer, some
   *   megabytes, is free again
   */
  constructor(peer: Pick<End, "unsent" | "write">, limitMs: number, clock: Clock, stuck: (reason: string) => void) {
    this.#peer = peer;
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#stuck = stuck;
  }

  write(text: string): void {
    const bytes = Buffer.from(text); // a string with other characters than those of Latin-1 would cost twice as much while it waits
    this.#written += bytes.length;
    this.#peer.write(bytes);
    if (this.#timer === undefined && this.#peer.unsent > 0) this.#watch();
  }

  /** Everything has been taken, or does not matter any more. */
  settled(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(): void {
    const before = this.#taken;
    this.#timer = this.#clock.after(this.#limitMs, () => {
      if (this.#taken > before) this.#watch();
      else this.#stuck(`has taken nothing for ${this.#limitMs / 1000} s`);
    });
  }

  get #taken(): number {
    return this.#written - this.#peer.unsent;
  }
}
