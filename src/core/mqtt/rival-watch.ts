const ENDS = 2; // a broker that is stopped ends one connection, and takes none then
const LONG_MS = 120_000; // two clients that end each other's connection wait 30 s in between, at most

/**
 * Finds out that another client has the same client-id: a broker ends the connection of the older one of the two, without a word (MQTT 3.1.1,
 * [MQTT-3.1.4-2]), and both come back without end.
 */
export class RivalWatch {
  #ends = 0;

  /** Connections that worked have ended without a reason, one soon after the other. */
  get isSuspected(): boolean {
    return this.#ends >= ENDS;
  }

  /**
   * A connection, or an attempt to make one, has ended.
   *
   * @param worked the broker had taken what was published on it
   * @param isMute the broker gave no reason
   */
  ended(worked: boolean, isMute: boolean, lastedMs: number): void {
    if (lastedMs >= LONG_MS || !isMute) this.#ends = 0;
    if (worked && isMute) this.#ends += 1;
  }
}
