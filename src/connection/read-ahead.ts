/** Most bytes that are read of a client that has gone, while its remote takes nothing: more than kernels mostly hold of it. */
export const MOST_AHEAD = 4_194_304;

/**
 * How much of a client that has gone is still read though its remote does not take it: behind it is the client's end, which nobody would see
 * otherwise.
 */
export class ReadAhead {
  /** Bytes; undefined: the client is there, as far as anybody knows. */
  #left: number | undefined;

  /** Whether the client is read whatever the remote takes. */
  get isOn(): boolean {
    return this.#left !== undefined && this.#left > 0;
  }

  /**
   * The client has gone.
   *
   * @param most bytes to be read
   * @returns whether that is news
   */
  begin(most: number): boolean {
    if (this.#left !== undefined) return false;
    this.#left = most;
    return true;
  }

  /** So many bytes were read. @returns whether they were read ahead */
  take(bytes: number): boolean {
    const { isOn } = this;
    if (isOn) this.#left = Math.max(0, (this.#left ?? 0) - bytes);
    return isOn;
  }
}
