/** A device that closes after each answer does so within this time. */
const CLOSE_MS = 50;

/**
 * Learns whether a device closes the link behind each answer. A request that follows an answer at once would be lost then, and nobody could
 * say whether the device has carried it out. So the next request waits {@link CLOSE_MS} for the end of the link, once on a device that is
 * new, and behind each answer of a device that closes. Times are milliseconds of any steady clock.
 */
export class ClosingHabit {
  /** Whether the device has left a link open behind an answer, and closed none so soon since. */
  #isStaying = false;

  /**
   * The device has answered, and nothing else is outstanding on this link.
   *
   * @param before when it answered before on this link; undefined: never
   * @returns for how long the link takes no request, in milliseconds
   */
  answered(before: number | undefined, now: number): number {
    if (before !== undefined && now - before >= CLOSE_MS) this.#isStaying = true;
    return this.#isStaying ? 0 : CLOSE_MS;
  }

  /** The device has closed a link, on which it answered last at this time. */
  closed(answeredAt: number | undefined, now: number): void {
    if (answeredAt !== undefined && now - answeredAt < CLOSE_MS) this.#isStaying = false;
  }
}
