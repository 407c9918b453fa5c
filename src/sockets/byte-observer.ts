import type { Direction } from "../core/decode/direction.js";

/**
 * Sees the bytes that pass a point of a connection. It is told after the bytes have been forwarded; it changes, delays and keeps
 * none of them, and never throws.
 */
export interface ByteObserver {
  /**
   * Bytes have come and been forwarded.
   *
   * @param chunk lent for this call: its memory is used again
   * @param drained whether the other side has taken them all; if not, {@link drained} follows
   */
  passed(direction: Direction, chunk: Buffer, drained: boolean): void;
  /** The other side has taken everything that came this way. */
  drained(direction: Direction): void;
  /** Nothing more comes this way. */
  ended(direction: Direction): void;
  /** Whether it parses nothing, so that long chunks need not come to it in blocks. */
  readonly takesLongChunks?: boolean;
}

/** A point of a connection where bytes pass, and their observer, if there is one. */
export interface ObservedPoint {
  observer: ByteObserver | undefined;
}
