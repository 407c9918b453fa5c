import { type Telling, unitOf } from "../core/mux/link-health.js";
import type { Request } from "../core/mux/protocol.js";
import type { UnitHealth } from "../core/mux/unit-health.js";
import type { Outstanding } from "./outstanding.js";

/** The requests of a link that wait for their answer. */
interface Waiting {
  /** How many of them there may be. */
  readonly limit: number;
  readonly tells: Telling;
  readonly outstanding: Iterable<Outstanding>;
}

/**
 * Whether a link has room for a request (docs/mux.md). One that has waited for long keeps its own unit waiting only: the units behind a
 * gateway must not wait for a dead one.
 */
export class LinkRoom {
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
    if (!this.#canSend()) return false;
    let count = 0;
    for (const { isOverdue } of this.#waiting.outstanding) {
      if (isOverdue) return true;
      count += 1;
    }
    return count < this.#waiting.limit;
  }

  isFor(request: Request): boolean {
    if (!this.#canSend()) return false;
    const unit = unitOf(request);
    const passes = unit !== undefined && this.#waiting.tells !== "nothing" && this.#units.isTrusted(unit);
    let count = 0;
    for (const other of this.#waiting.outstanding) if (!passes || other.holds(unit)) count += 1;
    return count < this.#waiting.limit;
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
