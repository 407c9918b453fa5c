/** LuaSocket's buffer in portions of 128 bytes; more would be owed to a plugin that was merely busy. */
const MAX_OWED = 64;

/**
 * Judges by looks at a plugin's socket, one after each notification, whether it has left bytes unread.
 *
 * The kernel's queue tells only of what no program has taken yet. LuaSocket takes up to 8,192 bytes at a time (buffer.h) and
 * keeps what the plugin has not asked for, unseen. So a plugin that has emptied the queue after reading in portions is
 * reminded as often again as the longest portion has lasted, and once more.
 */
export class UnreadTracker {
  #unread = 0;
  /** Looks since something was last taken from the queue. */
  #streak = 0;
  /** The most looks that one portion has lasted. */
  #longest = 0;
  /** Reminders still due though the queue is empty. */
  #owed = 0;

  /**
   * Takes in what a look has shown.
   *
   * @param unread bytes in the kernel's queue
   * @returns whether the plugin is to be notified again
   */
  observe(unread: number): boolean {
    if (unread > 0) {
      const taken = unread < this.#unread;
      this.#longest = Math.max(this.#longest, this.#streak);
      this.#streak = taken ? 1 : this.#streak + 1;
    } else if (this.#unread > 0) {
      this.#owed = Math.min(Math.max(this.#longest, this.#streak) + 1, MAX_OWED); // portions are not all of one length
      this.#longest = 0;
      this.#streak = 0;
    } else if (this.#owed > 0) {
      this.#owed -= 1;
    }
    this.#unread = unread;
    return unread > 0 || this.#owed > 0;
  }
}
