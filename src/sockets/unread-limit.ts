import type { Clock, Timer } from "../system/clock.js";
import type { End } from "./end.js";

/** Writes to a peer, and reports a peer that reads nothing for too long while something waits for it. */
export class UnreadLimit {
  readonly #peer: Pick<End, "unsent" | "write">;
  readonly #limitMs: number;
  readonly #clock: Clock;
  readonly #exceeded: (reason: string) => void;
  #written = 0;
  #timer: Timer | undefined;

  /**
   * @param limitMs half a minute or more: the kernel reports progress of a slow reader only when a third of the send buffer, some
   *   megabytes, is free again
   * @param exceeded called with the reason, in words that follow the peer's name
   */
  constructor(peer: Pick<End, "unsent" | "write">, limitMs: number, clock: Clock, exceeded: (reason: string) => void) {
    this.#peer = peer;
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#exceeded = exceeded;
  }

  write(text: string): void {
    const bytes = Buffer.from(text); // as a string, characters beyond Latin-1 would cost twice as much while they wait
    this.#written += bytes.length;
    this.#peer.write(bytes);
    if (this.#timer === undefined && this.#peer.unsent > 0) this.#watch();
  }

  /** Watches no more, until the next {@link write}: everything has been taken, or it does not matter any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(): void {
    const before = this.#taken;
    this.#timer = this.#clock.after(this.#limitMs, () => {
      if (this.#taken > before) this.#watch();
      else this.#exceeded(`has taken nothing for ${this.#limitMs / 1000} s`);
    });
  }

  get #taken(): number {
    return this.#written - this.#peer.unsent;
  }
}
