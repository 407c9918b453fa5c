import type { ReadCache } from "../core/direct/read-cache.js";
import { conbusFraming } from "../core/framing/conbus-framing.js";
import { CutQueue } from "../core/framing/cut-queue.js";
import { TimeSlice } from "../scheduling/time-slice.js";
import type { Clock } from "../system/clock.js";

/** Steps of a time slice before it looks at the clock: a telegram takes some microseconds. */
export const TELEGRAM_STEPS = 16;

/** Told what the server sends. */
export interface TelegramReceiverOwner {
  readonly clock: Clock;
  /** Whole telegrams, and bytes between them. No bytes: the server is alive, its telegram is incomplete. */
  deliver(bytes: Buffer): void;
  /** {@link TelegramReceiver.isYielding} may have changed. */
  regulate(): void;
  fault(error: unknown): void;
}

/** Shows what the server sends to the cache before the client gets it, telegram by telegram. */
export class TelegramReceiver {
  readonly #cache: ReadCache;
  readonly #owner: TelegramReceiverOwner;
  readonly #cuts = new CutQueue(conbusFraming.answers());
  readonly #slice = new TimeSlice(() => this.#continue(), TELEGRAM_STEPS);

  constructor(cache: ReadCache, owner: TelegramReceiverOwner) {
    this.#cache = cache;
    this.#owner = owner;
  }

  /** Whether a rest waits for a later pass of the event loop. The server must not be read meanwhile. */
  get isYielding(): boolean {
    return this.#slice.yielding;
  }

  receive(chunk: Buffer): void {
    this.#cuts.push(chunk);
    this.#deliver(false);
  }

  /** The server sends nothing more: delivers everything, an incomplete telegram as it is. */
  end(): void {
    if (this.#cuts.empty && this.#cuts.held === 0) return;
    this.#cuts.end();
    this.#deliver(true);
  }

  #continue(): void {
    try {
      this.#deliver(false);
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  /** Delivers all cuts of a time slice at once: the client may pause after the first delivery. */
  #deliver(atEnd: boolean): void {
    const received: Buffer[] = [];
    while (atEnd || !this.#slice.yielding) {
      const cut = this.#cuts.take();
      if (cut === undefined) break;
      this.#cache.received(cut, this.#owner.clock.now());
      received.push(cut.bytes);
      if (!this.#slice.takeStep()) this.#slice.yield();
    }
    const [only] = received;
    this.#owner.deliver(received.length === 1 && only !== undefined ? only : Buffer.concat(received));
    this.#owner.regulate();
  }
}
