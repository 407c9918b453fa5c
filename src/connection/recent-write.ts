/** The passes of the event loop after which an event of a socket has been told that came before a write. */
const PASSES = 2;

/**
 * The last write to a client, and whether the client may have closed before it: the FIN is told in the next pass of the event loop at the
 * latest.
 */
export class RecentWrite {
  /** Bytes of the last write. */
  last = 0;
  #passes = 0;
  #isCounting = false;

  /** Bytes of the last write while an earlier FIN may still be told; otherwise 0. */
  get bytes(): number {
    return this.#passes > 0 ? this.last : 0;
  }

  written(bytes: number): void {
    this.last = bytes;
    this.#passes = PASSES;
    if (this.#isCounting) return;
    this.#isCounting = true;
    setImmediate(this.#passed);
  }

  readonly #passed = (): void => {
    this.#passes -= 1;
    this.#isCounting = this.#passes > 0;
    if (this.#isCounting) setImmediate(this.#passed);
  };
}
