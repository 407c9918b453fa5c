import type { IdentifiedBy } from "../core/mux/match.js";
import { type Request, unitOf } from "../core/mux/protocol.js";
import type { UnitHealth } from "../core/mux/unit-health.js";
import type { Outstanding } from "./outstanding.js";

/** The requests of a link that wait for their answer. */
interface Waiting {
  /** How many of them there may be. */
  readonly limit: number;
  readonly size: number;
  readonly identifiedBy: IdentifiedBy;
  readonly outstanding: Iterable<Outstanding>;
}

/**
 * Whether a link has room for a request (docs/mux.md). One that has waited for long keeps its own unit waiting only: the units behind a
 * gateway must not wait for a dead one.
 */
export class LinkRoom {
  /** Number of requests that have waited for so long. */
  overdue = 0;
  readonly #units: UnitHealth;
  readonly #waiting: Waiting;
  readonly #canSend: () => boolean;

  /** @param canSend whether the link takes requests at all at the moment */
  constructor(units: UnitHealth, waiting: Waiting, canSend: () => boolean) {
    this.#units = units;
    this.#waiting = waiting;
    this.#canSend = canSend;
  }

  /** Whether there is room for some requests, though perhaps not for all. */
  get isAny(): boolean {
    return this.#canSend() && this.#waiting.size - this.overdue < this.#waiting.limit;
  }

  isFor(request: Request): boolean {
    if (!this.#canSend()) return false;
    const { size, limit } = this.#waiting;
    if (size < limit) return true;
    const unit = unitOf(request);
    if (this.overdue === 0 || unit === undefined) return false;
    if (this.#waiting.identifiedBy === "nothing" || !this.#units.isTrusted(unit)) return false;
    let holding = 0;
    for (const other of this.#waiting.outstanding) if (other.holds(unit)) holding += 1;
    return holding < limit;
  }

  /** Since when a request to another unit has kept this one waiting, by the clock of the mux; undefined: none does. */
  heldSince(request: Request): number | undefined {
    const unit = unitOf(request);
    for (const { isOverdue, request: other, sentAt } of this.#waiting.outstanding) {
      if (!isOverdue && unitOf(other) !== unit) return sentAt;
    }
    return undefined;
  }
}
