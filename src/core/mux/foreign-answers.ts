import type { DeviceHabits } from "./device-habits.js";
import { IdTrust, type Signs } from "./id-trust.js";
import { type Awaiting, type Match, type MessageCut, shown } from "./match.js";
import type { Protocol } from "./protocol.js";
import type { RequestIds } from "./request-ids.js";

/** A message that is perhaps the answer to the only request. */
interface Candidate<T> {
  readonly to: T;
  readonly signs: Signs;
  readonly cut: MessageCut;
}

const BY_ORDER = "answers carry ids of their own: matched by order from now on";
const HELD: Match<never> = { kind: "held" };

/**
 * Decides about messages on one link that have the function and the shape of the awaited answer, but not its id or unit (MATC). Such a
 * message is held, and taken unless a better one comes; later ones are taken at once.
 */
export class ForeignAnswers<T extends Awaiting> {
  readonly #protocol: Protocol;
  readonly #habits: DeviceHabits;
  readonly #ids: RequestIds;
  readonly #trust: IdTrust;
  #candidate: Candidate<T> | undefined;
  /** Whether one was refused, and no right answer has come since. */
  #hasRefused = false;
  /** Whether a late answer may come, in place of another one. */
  #isOwed = false;

  constructor(protocol: Protocol, habits: DeviceHabits, ids: RequestIds) {
    this.#protocol = protocol;
    this.#habits = habits;
    this.#ids = ids;
    this.#trust = new IdTrust(habits);
  }

  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  /** A gateway has answered in place of a unit: the unit's answer may come late, in place of another one. */
  owed(): void {
    this.#isOwed = true;
  }

  /** An answer with the right id has come from this unit. Returns the message that was held until now. */
  right(unit: number): Buffer | undefined {
    this.#trust.right(unit);
    this.#hasRefused = false;
    return this.#candidate?.cut.bytes;
  }

  /** Holds nothing any more. */
  drop(): void {
    this.#candidate = undefined;
  }

  /** No better answer has come: takes the one that is held, if it still is. */
  settle(): Match<T> | undefined {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    return candidate === undefined ? undefined : this.#take(candidate);
  }

  /**
   * What a message is.
   *
   * @param asked the request with this id, or else the one that has waited for longest
   * @param others whether other requests wait, too
   * @param atEof whether nothing follows on the link
   * @returns nothing: no answer
   */
  judge(id: number, cut: MessageCut, asked: T, others: boolean, atEof: boolean): Match<T> | undefined {
    const unit = this.#protocol.unitOfFit?.(cut.bytes, asked.request);
    if (unit === undefined) return undefined;
    const signs: Signs = { id, hasId: id === asked.id, unit, askedUnit: asked.request.modbus?.unit ?? 0 };
    const verdict = this.#trust.judge(signs);
    if (verdict === "known" && !others) return this.#take({ to: asked, signs, cut });
    if (!signs.hasId && this.#habits.isOurs(id)) return undefined;
    if (others && !this.#trust.isProven) {
      this.#habits.areIdsDoubtful = true;
      return {
        kind: "suspect",
        what: `an answer with another id or unit while several requests wait (${shown(cut.bytes)})`,
      };
    }
    if (this.#candidate !== undefined) {
      return { kind: "suspect", what: `a second answer with another id or unit (${shown(cut.bytes)})` };
    }
    if (verdict === "impossible" || others || this.#isOwed || this.#ids.abandoned > 0) {
      this.#hasRefused = true;
      return undefined;
    }
    if (atEof) return this.#take({ to: asked, signs, cut });
    this.#candidate = { to: asked, signs, cut: { kind: "frame", bytes: Buffer.from(cut.bytes) } };
    return HELD;
  }

  #take({ to, signs, cut }: Candidate<T>): Match<T> {
    const isNews = !this.#habits.isTold;
    this.#trust.taken(signs);
    this.#habits.isTold = true;
    return { kind: "answer", to, cut, ...(isNews && { learned: BY_ORDER }) };
  }
}
