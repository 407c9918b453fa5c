import type { AnswerCache } from "../collections/answer-cache.js";
import type { Cut } from "../framing/framing.js";
import { isBlank, readKey, replyKey } from "./conbus-read.js";
import { PendingReads } from "./pending-reads.js";

/**
 * What one connection to a Conbus server adds to the answers that the clients of a line share, and what it takes of them. Pure:
 * it is told what goes out and what comes, in their order.
 */
export class ReadCache {
  readonly #answers: AnswerCache;
  readonly #asked = new PendingReads();
  #isBetween = true;

  /** @param answers shared by all connections of the line */
  constructor(answers: AnswerCache) {
    this.#answers = answers;
  }

  /** Whether a client that has got all that was heard is between two whole messages, not amid bytes that may be part of one. */
  get isBetween(): boolean {
    return this.#isBetween;
  }

  /** The fresh answer to a telegram that reads; nothing: the server has to be asked. `now`: milliseconds of any steady clock. */
  answer(telegram: Buffer, now: number): Buffer | undefined {
    const key = readKey(telegram);
    return key === undefined ? undefined : this.#answers.find(key, now);
  }

  /** Something goes out to the server now. What is not known to only read counts as a write. */
  sent(cut: Cut): void {
    const key = cut.kind === "frame" ? readKey(cut.bytes) : undefined;
    if (key !== undefined) this.#asked.ask(key, this.#answers.generation);
    else this.#mayChange(cut);
  }

  /**
   * The server has said something. Whatever is not the reply to a read tells that something has changed: an event, or that an action
   * is done, which a read on another connection may have overtaken.
   */
  heard(cut: Cut, now: number): void {
    this.#isBetween = cut.kind === "frame" || (this.#isBetween && isBlank(cut.bytes));
    const key = cut.kind === "frame" ? replyKey(cut.bytes) : undefined;
    if (key === undefined) {
      this.#mayChange(cut);
      return;
    }
    const writes = this.#asked.reply(key);
    if (writes !== undefined) this.#answers.store(key, cut.bytes, writes, now);
  }

  #mayChange(cut: Cut): void {
    if (cut.kind !== "junk" || !isBlank(cut.bytes)) this.#answers.invalidate();
  }
}
