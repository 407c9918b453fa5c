import type { AnswerCache } from "../collections/answer-cache.js";
import { isBlank, readKey, replyKey } from "../decode/conbus-read.js";
import type { Cut } from "../framing/framing.js";
import { PendingReads } from "./pending-reads.js";

/**
 * The part of one connection to a Conbus server in the answers that all clients of the line share (CACH, docs/direct.md). Pure: the caller
 * tells what goes out and what comes in, in order.
 */
export class ReadCache {
  readonly #answers: AnswerCache;
  readonly #pending = new PendingReads();
  #isBetweenMessages = true;

  /** @param answers shared by all connections of the line */
  constructor(answers: AnswerCache) {
    this.#answers = answers;
  }

  /** Whether the bytes received so far end with a whole message: the client can take a cached answer behind them. */
  get isBetweenMessages(): boolean {
    return this.#isBetweenMessages;
  }

  /** The fresh answer to a telegram; undefined: the telegram has to go to the server. `now`: milliseconds of a steady clock. */
  answer(telegram: Buffer, now: number): Buffer | undefined {
    const key = readKey(telegram);
    return key === undefined ? undefined : this.#answers.find(key, now);
  }

  /** Bytes go to the server. Everything but a read counts as a write. */
  sent(cut: Cut): void {
    const key = cut.kind === "frame" ? readKey(cut.bytes) : undefined;
    if (key !== undefined) this.#pending.sent(key, this.#answers.generation);
    else this.#mayChange(cut);
  }

  /**
   * Bytes have come from the server. Everything but the reply to a read says that the state has changed: an event, or the end of an action
   * that a read on another connection may have overtaken.
   */
  received(cut: Cut, now: number): void {
    this.#isBetweenMessages = cut.kind === "frame" || (this.#isBetweenMessages && isBlank(cut.bytes));
    const key = cut.kind === "frame" ? replyKey(cut.bytes) : undefined;
    if (key === undefined) {
      this.#mayChange(cut);
      return;
    }
    const generation = this.#pending.replied(key);
    if (generation !== undefined) this.#answers.store(key, cut.bytes, generation, now);
  }

  #mayChange(cut: Cut): void {
    if (cut.kind !== "junk" || !isBlank(cut.bytes)) this.#answers.invalidate();
  }
}
