/** An engine that answered less than a second ago is there, even if it takes no new connection: it answers on those it has. */
const ANSWERED_RECENTLY_MS = 1000;
/** So many different actions, all aborted since the last answer, are no fault of the actions. */
const ABORTED_ACTIONS = 3;
/** Fewer actions count as many, when they have been aborted for so long without an answer in between. */
const ABORTED_FOR_MS = 10_000;
/** Most faulty actions to remember: the oldest is forgotten. */
const MAX_FAULTY_ACTIONS = 256;

/**
 * Judges whether a Luup engine takes notifications. One action may misbehave on its own, so the judgement considers all of them.
 * The caller names the actions; times are milliseconds of a clock that never jumps.
 *
 * - The engine is away when a connection to it fails and its last answer is a second old.
 * - It is away when requests for three different actions were aborted since its last answer, or requests for fewer during 10 s.
 * - It is back with its first answer, for any action.
 * - A timeout means nothing: the action hangs, not the engine.
 * - An action that was aborted before the engine answered another one is faulty. Its aborts do not count until the engine answers it.
 */
export class EngineHealth {
  #isAway = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Actions aborted since the last answer. */
  readonly #aborted = new Set<string>();
  /** When the first of them was aborted. */
  #abortedSince = 0;
  readonly #faulty = new Set<string>();

  /** Whether the engine takes no notifications at present. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Whether requests for this action are aborted while the engine answers others. */
  isFaulty(action: string): boolean {
    return this.#faulty.has(action);
  }

  /** The engine has answered a request for this action; an error is an answer, too. */
  answered(action: string, now: number): void {
    this.#isAway = false;
    this.#answeredAt = now;
    for (const other of this.#aborted) this.#faulty.add(other);
    this.#aborted.clear();
    this.#faulty.delete(action);
    for (const oldest of this.#faulty) {
      if (this.#faulty.size <= MAX_FAULTY_ACTIONS) break;
      this.#faulty.delete(oldest);
    }
  }

  /** The connection of a request for this action ended before the answer. */
  aborted(action: string, now: number): void {
    if (this.#faulty.has(action)) return;
    if (this.#aborted.size === 0) this.#abortedSince = now;
    if (this.#aborted.size < ABORTED_ACTIONS) this.#aborted.add(action);
    if (this.#aborted.size === ABORTED_ACTIONS || now - this.#abortedSince >= ABORTED_FOR_MS) this.#isAway = true;
  }

  /** A connection for a request could not be made. */
  unreachable(now: number): void {
    if (now - this.#answeredAt >= ANSWERED_RECENTLY_MS) this.#isAway = true;
  }
}
