const QUIET_MS = 1000; // after an answer: an engine that answers over the connections it has is there, though it takes no new one
const CUT_ACTIONS = 3; // different ones, cut with no answer to any: that is no fault of theirs
const CUT_MS = 10_000; // or that long, where fewer are asked for
const MAX_FAULTY = 256; // actions that are remembered

/**
 * Whether a Luup engine takes notifications, judged over all its actions, because one of them may misbehave on its own. Time is
 * milliseconds of a clock that never jumps; what tells one action from another is up to the caller.
 *
 * - The engine is away when a connection cannot be had, and it has answered nothing for a second.
 * - It is away, too, when requests of three different actions have been cut since its last answer, or requests of fewer for 10 s.
 * - It is back with its first answer, to whichever action.
 * - A time-out tells nothing: an action that hangs is no fault of the engine.
 * - An action that was cut and then saw another one answered is faulty itself: its cuts count no more until it is answered.
 */
export class EngineHealth {
  #away = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Actions that were cut since the last answer, and since when. */
  readonly #cut = new Set<string>();
  #cutSince = 0;
  readonly #faulty = new Set<string>();

  /** The engine takes no notifications. */
  get isAway(): boolean {
    return this.#away;
  }

  /** Whether an action is cut though others are answered. */
  isFaulty(action: string): boolean {
    return this.#faulty.has(action);
  }

  /** The engine has answered a request for this action, be it by an error. */
  answered(action: string, now: number): void {
    this.#away = false;
    this.#answeredAt = now;
    for (const other of this.#cut) this.#faulty.add(other); // if not, it is answered next
    this.#cut.clear();
    this.#faulty.delete(action);
    for (const oldest of this.#faulty) {
      if (this.#faulty.size <= MAX_FAULTY) break;
      this.#faulty.delete(oldest);
    }
  }

  /** The connection of a request for this action has ended before the answer. */
  aborted(action: string, now: number): void {
    if (this.#faulty.has(action)) return;
    if (this.#cut.size === 0) this.#cutSince = now;
    if (this.#cut.size < CUT_ACTIONS) this.#cut.add(action);
    if (this.#cut.size === CUT_ACTIONS || now - this.#cutSince >= CUT_MS) this.#away = true;
  }

  /** There was no connection to be had for a request. */
  unreachable(now: number): void {
    if (now - this.#answeredAt >= QUIET_MS) this.#away = true;
  }
}
