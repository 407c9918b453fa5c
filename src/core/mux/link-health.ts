import type { Framing } from "../framing/framing.js";
import { formatSeconds } from "../parse/duration.js";
import type { IdentifiedBy } from "./match.js";
import { type Protocol, type Request, unitOf } from "./protocol.js";
import type { UnitHealth } from "./unit-health.js";

/** Without a byte for so many times ATIM a link is dead, and the device not just slow. */
const SILENT_TIMEOUTS = 1.5;

/** A link waits for an answer that no client wants for so many times its slowest answer, within these limits, in milliseconds. */
const UNWANTED = { times: 4, leastMs: 2000, unknownMs: 4000 };

/** A time in milliseconds for a message: `2`, `0.4`. */
const seconds = (ms: number): number => Math.round(ms / 100) / 10;

/** What a unit may still send on a link: answers to the same question, which it has not answered in time. */
interface Owed {
  readonly request: Request;
  readonly sentAt: number;
  readonly framing: Framing;
  count: number;
}

/**
 * Whether one link still answers (docs/mux.md). A unit that does not answer says nothing about its link while another one answers there.
 * Times are milliseconds of a steady clock.
 */
export class LinkHealth {
  readonly #units: UnitHealth;
  readonly #identifiedBy: () => IdentifiedBy;
  /** Since when an answer has been due and the device has sent nothing. */
  #silentSince: number | undefined;
  /** When its first request went out. */
  #begunAt: number | undefined;
  /** The slowest answer on this link; undefined: there was none. */
  #slowestMs: number | undefined;
  /** The unit whose answer was the last one. */
  #lastUnit: number | undefined;
  /** By unit: the last request that got no answer on this link. */
  readonly #owed = new Map<number, Owed>();
  readonly #protocol: Protocol;

  constructor(units: UnitHealth, protocol: Protocol, identifiedBy: () => IdentifiedBy) {
    this.#units = units;
    this.#protocol = protocol;
    this.#identifiedBy = identifiedBy;
  }

  /** @returns how long the request keeps the link from other units, in milliseconds; undefined: as long as it waits */
  sent(request: Request, now: number): number | undefined {
    this.#silentSince ??= now;
    this.#begunAt ??= now;
    const unit = unitOf(request);
    if (unit === undefined) return undefined;
    const holdMs = this.#units.holdMs(unit, now);
    this.#units.asked(unit, now);
    return holdMs;
  }

  /** The whole answer has come. */
  answered(request: Request, sentAt: number, now: number): void {
    if (this.#slowestMs === undefined) this.#units.woke(now - (this.#begunAt ?? now));
    this.#slowestMs = Math.max(now - sentAt, this.#slowestMs ?? 0);
    const unit = unitOf(request);
    if (unit === undefined) return;
    this.#lastUnit = unit;
    this.#units.answered(unit, now - sentAt, now);
  }

  /** How long an answer that no client wants any more is waited for, from its request on, in milliseconds. */
  get unwantedMs(): number {
    const { times, leastMs, unknownMs } = UNWANTED;
    return this.#slowestMs === undefined ? unknownMs : Math.max(leastMs, times * this.#slowestMs);
  }

  /** A gateway says that the unit of the request did not answer. */
  unitMissed(request: Request, sentAt: number, now: number): void {
    const unit = unitOf(request);
    if (unit !== undefined) this.#units.missed(unit, sentAt, now);
  }

  /** The device has sent bytes; `isAnswered`: no request waits any more. */
  heard(isAnswered: boolean, now: number): void {
    this.#silentSince = isAnswered ? undefined : now;
  }

  /**
   * A request got no answer in time.
   *
   * @param answerMs how long it has waited for one
   * @returns why the link is of no use any more; undefined: it is
   */
  missed(request: Request, sentAt: number, now: number, answerMs: number): string | undefined {
    const unit = unitOf(request);
    const identifiedBy = this.#identifiedBy();
    if (unit !== undefined) {
      this.#owes(unit, request, sentAt);
      this.#units.missed(unit, sentAt, now);
      if (identifiedBy !== "nothing" && this.#isWitnessed(unit)) return undefined;
    }
    if (identifiedBy !== "id")
      return `no answer within ${seconds(answerMs)} s: the next one could belong to any request`;
    const silenceMs = now - (this.#silentSince ?? now);
    const isAsleep = this.#slowestMs === undefined && now - (this.#begunAt ?? now) > this.#units.wakeMs;
    if (isAsleep) return `no answer within ${seconds(answerMs)} s, the first one on this link`;
    return silenceMs >= SILENT_TIMEOUTS * answerMs ? `no answers for ${formatSeconds(silenceMs)}` : undefined;
  }

  /**
   * Whether a late answer could be taken for the answer to this request: without ids, unit and function tell answers apart, so only the
   * same question may follow one without answer.
   */
  isAmbiguous(request: Request): boolean {
    const owed = this.#owed.get(unitOf(request) ?? -1);
    return owed !== undefined && this.#identifiedBy() === "unit" && !owed.request.bytes.equals(request.bytes);
  }

  /** Whether the unit of the request may still send a late answer that only its shape tells from the next one. */
  owes(request: Request): boolean {
    const unit = unitOf(request);
    return unit !== undefined && this.#identifiedBy() === "unit" && this.#owed.has(unit);
  }

  /**
   * The device has sent bytes. Where units tell answers, a late answer shows that its unit is not dead.
   *
   * @param awaited the units whose answers are awaited: these are not late
   */
  received(chunk: Buffer, awaited: ReadonlySet<number | undefined>, now: number): void {
    if (this.#identifiedBy() !== "unit") return;
    for (const [unit, owed] of this.#owed) {
      if (awaited.has(unit)) continue;
      for (const cut of owed.framing.push(chunk)) {
        if (cut.kind === "frame" && this.#protocol.isAnswerTo(cut.bytes, owed.request))
          this.#late(unit, owed, cut.bytes, now);
      }
    }
  }

  /** Whether late answers may come. */
  get owesAny(): boolean {
    return this.#owed.size > 0;
  }

  #late(unit: number, owed: Owed, answer: Buffer, now: number): void {
    owed.count -= 1;
    if (owed.count === 0) this.#owed.delete(unit);
    if (!this.#protocol.reportsSilence?.(answer)) this.#units.answered(unit, now - owed.sentAt, now);
  }

  #owes(unit: number, request: Request, sentAt: number): void {
    const framing = this.#protocol.deviceFraming.answers(request.bytes);
    const count = (this.#owed.get(unit)?.count ?? 0) + 1;
    this.#owed.set(unit, { request, sentAt, framing, count });
  }

  /** Whether another unit has answered on this link at last. */
  #isWitnessed(unit: number): boolean {
    return this.#lastUnit !== undefined && this.#lastUnit !== unit && this.#units.isTrusted(this.#lastUnit);
  }
}
