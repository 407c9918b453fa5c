/** Odd answers in a row behind which the next one counts: the device writes all of them so. */
const HABIT = 3;

/**
 * Whether the values of an answer may be published. An odd answer has another id than its request, or a wrong header. The clients of some devices
 * have nothing else, so the mux takes it (MATC). Where it is an exception nobody knows what is wrong with it, so it says nothing.
 */
export class AnswerTrust {
  #oddInRow = 0;

  /** @param isOdd of the answer that has come */
  trusts(isOdd: boolean): boolean {
    const isHabit = this.#oddInRow >= HABIT;
    this.#oddInRow = isOdd ? this.#oddInRow + 1 : 0;
    return !isOdd || isHabit;
  }
}
