/** Most reminders behind an empty queue: LuaSocket's buffer of 8,192 bytes, read in portions of 128. A slower plugin was merely busy. */
const MAX_REMINDERS_DUE = 64;

/**
 * Judges whether a plugin has left bytes unread (option RNTF, docs/plugins.md). The caller samples the kernel's receive queue of the plugin's
 * socket after each notification.
 *
 * The queue holds only bytes that no program has taken. LuaSocket takes up to 8,192 bytes at a time (`BUF_SIZE` in its `buffer.h`) and
 * keeps the rest where the kernel does not see it. So a plugin that reads in portions gets more reminders after the queue is empty: as many
 * as its longest portion lasted, and one more.
 */
export class UnreadTracker {
  #unread = 0;
  /** Samples since the plugin last took bytes from the queue. */
  #samplesOfPortion = 0;
  /** Most samples that one portion lasted. */
  #longestPortion = 0;
  /** Reminders still to send though the queue is empty. */
  #remindersDue = 0;

  /**
   * Takes the next sample.
   *
   * @param unread bytes in the kernel's receive queue
   * @returns whether to notify the plugin again
   */
  observe(unread: number): boolean {
    if (unread > 0) {
      const hasRead = unread < this.#unread;
      this.#longestPortion = Math.max(this.#longestPortion, this.#samplesOfPortion);
      this.#samplesOfPortion = hasRead ? 1 : this.#samplesOfPortion + 1;
    } else if (this.#unread > 0) {
      const longest = Math.max(this.#longestPortion, this.#samplesOfPortion);
      this.#remindersDue = Math.min(longest + 1, MAX_REMINDERS_DUE); // one more: portions differ in length
      this.#longestPortion = 0;
      this.#samplesOfPortion = 0;
    } else if (this.#remindersDue > 0) {
      this.#remindersDue -= 1;
    }
    this.#unread = unread;
    return unread > 0 || this.#remindersDue > 0;
  }
}
