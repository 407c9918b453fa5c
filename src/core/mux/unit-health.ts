import { PATIENCE, slowestOf } from "./slowest-answer.js";

/** A unit is tried again so long after it fell silent, in milliseconds; after each try in vain twice as long. */
const FIRST_TRY_MS = 2000;
const MAX_TRY_MS = 30_000;
/** So long a request of a unit keeps a link from the other units, in milliseconds: longer than answers of a serial bus take. */
export const HOLD_MS = 1000;
/** So long, when it has never answered and another one has just kept the link for long: it may be dead, too. */
const BRIEF_HOLD_MS = 500;
/** From a request to a unit that has not answered to the next one for which others have to wait: they get the link in between. */
const RISK_MS = 2 * HOLD_MS;

type State =
  | { readonly kind: "answering" }
  /** A request got no answer. `since`: when that was noticed at first; `at`: at last. */
  | { readonly kind: "doubtful"; readonly since: number; readonly at: number }
  /** Two requests or more got no answer, while another unit answered. No request goes out before `tryAt`. */
  | {
      readonly kind: "silent";
      readonly since: number;
      readonly at: number;
      readonly tries: number;
      readonly tryAt: number;
    };

/** A unit that is silent, in the JSON of STAT. Times in milliseconds. */
export interface SilentUnit {
  readonly unit: number;
  /** Since its first request that got no answer. */
  readonly ms: number;
  /** Since the last one was given up: nobody may ask it any more. */
  readonly missedMs: number;
}

/** What is known of a unit. */
interface Unit {
  state: State;
  /** When it answered at last; below all times: never. */
  answeredAt: number;
  slowestMs: number;
}

const ANSWERING: State = { kind: "answering" };

/**
 * Which units of a device answer (docs/mux.md). Behind a gateway a unit may be dead while the others live: it must not keep the link from
 * them. A unit is silent when it has not answered twice while another one has; when nobody answers, the device is away, and the units are
 * not to blame. Times are milliseconds of a steady clock. Units are bytes, so at most 256 are known.
 */
export class UnitHealth {
  /** For how long requests without answer have kept links from other units, all together. */
  lostMs = 0;
  /** The longest time that a link took from its first request to its first answer, in milliseconds; no link has answered: infinite. */
  wakeMs = Number.POSITIVE_INFINITY;
  readonly #units = new Map<number, Unit>();
  readonly #changed: (unit: number, isSilent: boolean) => void;
  /** When a request to a unit that had not answered went out last. */
  #riskedAt = Number.NEGATIVE_INFINITY;
  /** When a request was overdue last. */
  #overdueAt = Number.NEGATIVE_INFINITY;
  /** The last unit that answered, and the last other one. */
  #last: Unit | undefined;
  #lastOther: Unit | undefined;

  /** @param changed called when a unit has fallen silent, and when it answers again */
  constructor(changed: (unit: number, isSilent: boolean) => void = () => {}) {
    this.#changed = changed;
  }

  /** A link has sent its first answer, so long after its first request. */
  woke(ms: number): void {
    this.wakeMs = Math.max(ms, Number.isFinite(this.wakeMs) ? this.wakeMs : 0);
  }

  /** Whether a request to the unit may go out. If not, it is answered in place of the unit. */
  mayAsk(unit: number, now: number): boolean {
    const state = this.#units.get(unit)?.state;
    return state?.kind !== "silent" || now >= state.tryAt;
  }

  /** Whether the last request to the unit got its answer, or none has gone out. */
  isTrusted(unit: number): boolean {
    return (this.#units.get(unit)?.state ?? ANSWERING).kind === "answering";
  }

  /** The units that are silent, in the order in which they were asked first. */
  silent(now: number): SilentUnit[] {
    return [...this.#units].flatMap(([unit, { state }]) =>
      state.kind === "silent"
        ? [{ unit, ms: Math.round(now - state.since), missedMs: Math.round(now - state.at) }]
        : [],
    );
  }

  /** Whether the unit that answered last still does. */
  get isAnyAnswering(): boolean {
    return this.#last?.state.kind === "answering";
  }

  /** Whether requests to other units go first: this one has not answered, and they have just waited for such a unit. */
  yields(unit: number, now: number): boolean {
    return !this.isTrusted(unit) && now - this.#riskedAt < RISK_MS;
  }

  /** How long a request to the unit keeps the link from other units, in milliseconds. */
  holdMs(unit: number, now: number): number {
    const known = this.#units.get(unit);
    if (known?.state.kind === "answering") return Math.max(HOLD_MS, PATIENCE * known.slowestMs);
    return known === undefined && now - this.#overdueAt < RISK_MS ? BRIEF_HOLD_MS : HOLD_MS;
  }

  /** A request to the unit goes out. A silent unit gets no other one until the time of its next try. */
  asked(unit: number, now: number): void {
    const known = this.#units.get(unit);
    if (known === undefined || known.state.kind === "answering") return;
    this.#riskedAt = now;
    if (known.state.kind === "silent") known.state = { ...known.state, tryAt: now + waitMs(known.state.tries) };
  }

  /** A request keeps its link from other units no more, and has no answer yet. */
  overdue(now: number): void {
    this.#overdueAt = now;
  }

  /**
   * The unit has answered. It is believed at once.
   *
   * @param tookMs from the request to the answer
   */
  answered(unit: number, tookMs: number, now: number): void {
    const known = this.#units.get(unit) ?? this.#add(unit);
    const { state, answeredAt } = known;
    known.state = ANSWERING;
    known.answeredAt = now;
    known.slowestMs = slowestOf(known.slowestMs, tookMs);
    if (this.#last !== known) {
      this.#lastOther = this.#last;
      this.#last = known;
    }
    if (state.kind === "answering") return;
    this.#forgiveSince(answeredAt);
    if (state.kind === "silent") this.#changed(unit, false);
  }

  /** A request to the unit got no answer. One that went out before the last such request was given up says nothing new. */
  missed(unit: number, sentAt: number, now: number): void {
    const known = this.#units.get(unit) ?? this.#add(unit);
    const { state } = known;
    this.lostMs += Math.min(now - sentAt, HOLD_MS);
    if (state.kind === "answering") known.state = { kind: "doubtful", since: now, at: now };
    if (state.kind === "answering" || sentAt < state.at) return;
    const tries = state.kind === "silent" ? state.tries + 1 : 0;
    const isSilent = state.kind === "silent" || this.#isWitnessed(known, state.since);
    known.state = isSilent
      ? { kind: "silent", since: state.since, at: now, tries, tryAt: now + waitMs(tries) }
      : { ...state, at: now };
    if (isSilent && tries === 0) this.#changed(unit, true);
  }

  /** Nothing is known any more: the device was away. */
  forget(): void {
    this.#units.clear();
    this.#last = undefined;
    this.#lastOther = undefined;
  }

  #add(unit: number): Unit {
    const added: Unit = { state: ANSWERING, answeredAt: Number.NEGATIVE_INFINITY, slowestMs: 0 };
    this.#units.set(unit, added);
    return added;
  }

  /** Whether another unit answers; where this one has answered before, since it does so no more. */
  #isWitnessed(unit: Unit, since: number): boolean {
    const other = this.#last === unit ? this.#lastOther : this.#last;
    if (other === undefined || other.state.kind !== "answering") return false;
    return unit.answeredAt === Number.NEGATIVE_INFINITY || other.answeredAt > since;
  }

  /** Units that fell silent together, because the device was away, come back together. */
  #forgiveSince(time: number): void {
    for (const unit of this.#units.values()) {
      if (unit.state.kind !== "answering" && unit.state.since >= time) unit.state = ANSWERING;
    }
  }
}

/** From a try in vain to the next one. */
function waitMs(tries: number): number {
  return Math.min(MAX_TRY_MS, FIRST_TRY_MS * 2 ** tries);
}
