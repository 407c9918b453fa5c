/** Odd answers in a row behind which the next one counts: the device writes all of them so. */
const HABIT = 10;
/** The same of a device that has written one as it should be: perhaps by chance, as one that swaps the bytes of ids does once in 256 times. */
const LATE_HABIT = 100;

/**
 * Whether the values of an answer may be published. An odd answer has another id than its request, or a wrong header. The clients of some devices
 * have nothing else, so the mux takes it (MATC). Where it is an exception nobody knows what is wrong with it, so it says nothing.
 */
export class AnswerTrust {
  #oddInRow = 0;
  #needed = HABIT;

  /** @param isOdd of the answer that has come */
  trusts(isOdd: boolean): boolean {
    if (!isOdd) {
      this.#oddInRow = 0;
      this.#needed = LATE_HABIT;
      return true;
    }
    this.#oddInRow += 1;
    return this.#oddInRow > this.#needed;
  }
}
