import { apart, groupOf, holds, holesOf, isReadable, type RegisterRange, unionOf } from "./register-ranges.js";

const MAX_KNOWN = 64; // ranges of one unit and function that are remembered
const REFUSED_MS = 600_000; // a device that got other firmware, or other settings, shows it after ten minutes

/** A range with a time. */
interface Known {
  readonly range: RegisterRange;
  readonly at: number;
}

/**
 * Which reads one request to the device can stand for (MERG, docs/mux.md): ranges of one unit and function that overlap, or lie near each
 * other. What the device refused is not tried again for some time. Times are milliseconds of a steady clock.
 */
export class ReadMerger {
  /** What clients have asked for, by group. */
  readonly #asked = new Map<string, Known[]>();
  /** What the device has refused, by group. */
  readonly #refused = new Map<string, Known[]>();

  /** A client asks for this range. */
  asked(range: RegisterRange, now: number): void {
    remember(this.#asked, range, now);
  }

  /** The range together with those near it that clients have asked for since a time. */
  widened(range: RegisterRange, maxGap: number, since: number, now: number): RegisterRange {
    const others = (this.#asked.get(groupOf(range)) ?? []).filter(({ at }) => at >= since);
    let wide = range;
    for (let left = others.length; left > 0; left -= 1) {
      const next = others.find(
        (each) => !holds(wide, each.range) && this.union(wide, each.range, maxGap, now) !== undefined,
      );
      if (next === undefined) break;
      wide = unionOf(wide, next.range);
    }
    return wide;
  }

  /** One range for two; undefined: they must be asked for apart. */
  union(one: RegisterRange, other: RegisterRange, maxGap: number, now: number): RegisterRange | undefined {
    const group = groupOf(one);
    if (group !== groupOf(other) || apart(one, other) > maxGap) return undefined;
    const both = unionOf(one, other);
    if (!isReadable(both)) return undefined;
    const refused = this.#refused.get(group) ?? [];
    return refused.some(({ range, at }) => now < at + REFUSED_MS && holds(both, range)) ? undefined : both;
  }

  /**
   * The device has refused a range, or has not answered.
   *
   * @param parts what clients asked for of it: what lies between is to blame, and where nothing does, the range as a whole
   */
  refused(range: RegisterRange, parts: readonly RegisterRange[], now: number): void {
    const holes = holesOf(range, parts);
    for (const hole of holes.length > 0 ? holes : [range]) remember(this.#refused, hole, now);
  }
}

function remember(known: Map<string, Known[]>, range: RegisterRange, at: number): void {
  const group = groupOf(range);
  const others = (known.get(group) ?? []).filter(
    ({ range: { start, count } }) => start !== range.start || count !== range.count,
  );
  others.push({ range, at });
  known.set(group, others.slice(-MAX_KNOWN));
}
