import type { WaitingBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import type { Dial, ServerLease } from "./dial.js";
import { DialError, GIVEN_UP } from "./dial-error.js";

/** A dial that is made of others, one after the other: what the last one of them has reached is the remote. */
export abstract class ChainedDial implements Dial {
  abstract readonly end: Promise<End>;
  protected isAborted = false;
  /** The client has left: a failure is not followed by another attempt. */
  protected isLast = false;
  #attempt: Dial | undefined;

  get kind(): Dial["kind"] {
    return this.#attempt?.kind ?? "socket";
  }

  get serverLease(): ServerLease | undefined {
    return this.#attempt?.serverLease;
  }

  get waiting(): WaitingBytes | undefined {
    return this.#attempt?.waiting;
  }

  abort(): void {
    this.isAborted = true;
    this.#attempt?.abort();
  }

  endRetries(): void {
    this.isLast = true;
    this.#attempt?.endRetries?.();
  }

  /** To be called before another dial begins. Throws a {@link DialError} when nobody wants the remote any more. */
  protected checkWanted(): void {
    if (this.isAborted) throw new DialError(GIVEN_UP);
  }

  /** The remote of the next dial, which has just begun. */
  protected reachedBy(attempt: Dial): Promise<End> {
    this.#attempt = attempt;
    if (this.isLast) attempt.endRetries?.();
    return attempt.end;
  }
}
