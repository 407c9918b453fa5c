/** A device that closes after each answer does so within this time. */
const HOLD_MS = 50;

/**
 * Learns whether a device closes the link behind each answer. A request that follows an answer at once would be lost then, and nobody could
 * say whether the device has carried it out. So the next request waits {@link HOLD_MS} for the end of the link, once on a device that is
 * new, and behind each answer of a device that closes. Times are milliseconds of any steady clock.
 */
export class ClosingHabit {
  #known: "nothing" | "closes" | "stays" = "nothing";

  /** Whether the device closes after each answer, as far as is known. */
  get closes(): boolean {
    return this.#known === "closes";
  }

  /**
   * The device has answered, and nothing else is outstanding on this link.
   *
   * @param before when it answered before on this link; undefined: never
   * @returns for how long the link takes no request, in milliseconds
   */
  answered(before: number | undefined, now: number): number {
    if (before !== undefined && now - before >= HOLD_MS) this.#known = "stays";
    return this.#known === "stays" ? 0 : HOLD_MS;
  }

  /** The device has closed a link, on which it answered last at this time. */
  closed(answeredAt: number | undefined, now: number): void {
    if (answeredAt !== undefined && now - answeredAt < HOLD_MS) this.#known = "closes";
  }
}
