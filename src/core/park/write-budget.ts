/**
 * So much a client's kernel takes whose program reads nothing: half of what Linux gives a socket to begin with (the default of `tcp_rmem` is
 * 131,072 bytes, of which half is for bytes), and a little less.
 */
export const CERTAIN_ROOM = 61_440;

/**
 * How much may be written to a client until the kernel's table is looked at again: what the client's kernel certainly takes. That is
 * delivered as soon as it is written. More could wait in our kernel, and when the client resets the connection, nobody could tell how much
 * of it has arrived.
 */
export class WriteBudget {
  /** Bytes that may still be written. */
  left = CERTAIN_ROOM;

  /** So many bytes have been written. */
  written(bytes: number): void {
    this.left -= bytes;
  }

  /** Whether less than half of it is left. */
  get isLow(): boolean {
    return this.left * 2 < CERTAIN_ROOM;
  }

  /**
   * The table has been looked at.
   *
   * @param behind bytes that the client's kernel has not acknowledged, or its program has not read
   * @param writtenSince bytes that were written while the table was being read
   */
  looked(behind: number, writtenSince: number): void {
    this.left = Math.max(0, CERTAIN_ROOM - behind - writtenSince);
  }

  /** Nobody can tell: nothing is to be waited for. */
  unlimited(): void {
    this.left = Number.POSITIVE_INFINITY;
  }
}
