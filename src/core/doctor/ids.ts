/**
 * What a device does with the ids of requests. `kept`: it returns them, as the specification wants. `counted`: it numbers its answers itself.
 * `unknown`: its answers carry none.
 */
export type IdHabit = "kept" | "swapped" | "constant" | "counted" | "others" | "unknown";

/** An id that was asked with, and the one that came back. */
export type IdPair = readonly [asked: number, answered: number];

/** Judges the ids of some answers. Ids asked with must differ from their own bytes swapped, and must not count up by one. */
export function idHabit(pairs: readonly IdPair[]): IdHabit {
  if (pairs.length === 0) return "unknown";
  if (pairs.every(([asked, answered]) => asked === answered)) return "kept";
  if (pairs.every(([asked, answered]) => swapped(asked) === answered)) return "swapped";
  const ids = pairs.map(([, answered]) => answered);
  if (ids.every((id) => id === ids[0])) return "constant";
  if (ids.every((id, index) => index === 0 || isNext(ids[index - 1] ?? 0, id))) return "counted";
  return "others";
}

function swapped(id: number): number {
  return ((id & 0xff) << 8) | (id >> 8);
}

const SKIPPED_AT_MOST = 8; // the device may have numbered answers that were not awaited

function isNext(before: number, id: number): boolean {
  const step = (id - before) & 0xffff;
  return step >= 1 && step <= SKIPPED_AT_MOST;
}

const FIRST_ID = 0x2301;
const ID_STEP = 0x0107; // both bytes change, and no counter goes so fast

/** The ids that questions carry, by their number from 0: no two neighbours in a row, none of them the same when its bytes are swapped. */
export function questionId(number: number): number {
  const id = (FIRST_ID + number * ID_STEP) & 0xffff;
  return swapped(id) === id ? id ^ 1 : id;
}
