import type { DeviceHabits } from "./device-habits.js";

/** Answers with right ids after which wrong ones are none: a device that swaps the bytes of ids is right once in 256. */
const PROOF = 2;
const UNITS = 256;

/** Id and unit of a message that has the function and the shape of the awaited answer. */
export interface Signs {
  readonly id: number;
  /** Whether the id is that of the request. */
  readonly hasId: boolean;
  readonly askedUnit: number;
  readonly unit: number;
}

/**
 * How far ids and units tell the answers on one link. Some devices count their answers themselves, some always say 0, some swap the bytes; some
 * answer as another unit than the one that was asked.
 */
export class IdTrust {
  readonly #habits: DeviceHabits;
  #rightIds = 0;
  /** Right ids in a row. */
  #row = 0;
  /** The last id that the device has made itself. */
  #ownId: number | undefined;
  readonly #rightUnits = new Uint8Array(UNITS);

  constructor(habits: DeviceHabits) {
    this.#habits = habits;
  }

  /** Whether the ids of this link are known to be right. */
  get isProven(): boolean {
    return this.#rightIds >= PROOF;
  }

  /** An answer had the id and the unit of its request. */
  right(unit: number): void {
    const habits = this.#habits;
    this.#rightId();
    if ((this.#rightUnits[unit] ?? PROOF) < PROOF) this.#rightUnits[unit] = (this.#rightUnits[unit] ?? 0) + 1;
    this.#row += 1;
    if (!habits.byOrder) return;
    if (this.#row >= PROOF) habits.ownIds = false;
    if (this.#rightUnits[unit] === PROOF) habits.ownUnits.delete(unit);
  }

  /** Whether a message is the answer: as the device always writes it, or perhaps, or not. */
  judge({ id, hasId, askedUnit, unit }: Signs): "known" | "possible" | "impossible" {
    const { ownIds, ownIdsVary, ownUnits } = this.#habits;
    if (ownIdsVary && !hasId && id === this.#ownId) return "impossible"; // the last answer once more
    const idIsKnown = hasId || ownIds;
    const unitIsKnown = unit === askedUnit || ownUnits.get(askedUnit) === unit;
    if (idIsKnown && unitIsKnown) return "known";
    const idIsPossible = idIsKnown || !this.isProven;
    const unitIsPossible = unitIsKnown || this.#rightUnits[askedUnit] !== PROOF;
    return idIsPossible && unitIsPossible ? "possible" : "impossible";
  }

  /** Such a message was the answer. */
  taken({ id, hasId, askedUnit, unit }: Signs): void {
    this.#row = 0;
    if (hasId) {
      this.#rightId();
    } else {
      this.#habits.ownIds = true;
      if (this.#ownId !== undefined && this.#ownId !== id) this.#habits.ownIdsVary = true;
      this.#ownId = id;
    }
    if (unit !== askedUnit) this.#habits.ownUnits.set(askedUnit, unit);
  }

  #rightId(): void {
    if (this.isProven) return;
    this.#rightIds += 1;
    if (this.isProven) this.#habits.areIdsDoubtful = false;
  }
}
