import { LOOKED_AT } from "../core/mux/protocol-detection.js";
import type { Clock, Timer } from "../system/clock.js";

const LATE_MS = 1500; // whoever has begun a message has sent its rest by then; a wrong protocol is to be said within 2 s
const NOTHING: Buffer = Buffer.alloc(0);

/** The first bytes of a peer, until its first message: whoever has understood none may speak another protocol. */
export class FirstBytes {
  readonly #clock: Clock;
  readonly #late: (bytes: Buffer) => void;
  #bytes = NOTHING;
  #timer: Timer | undefined;
  #isOver = false;

  /** @param late called with the bytes so far when the peer has sent no message for some time */
  constructor(clock: Clock, late: (bytes: Buffer) => void) {
    this.#clock = clock;
    this.#late = late;
  }

  /** Whether the peer has sent its first message, or is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The peer has sent further bytes, and no message yet. */
  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, LOOKED_AT - this.#bytes.length)]);
    this.#timer ??= this.#clock.after(LATE_MS, () => {
      this.#timer = undefined;
      this.#late(this.#bytes);
    });
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#bytes = NOTHING;
  }
}
