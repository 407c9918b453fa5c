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
  /** What the device has answered at once, by group. */
  readonly #answered = new Map<string, Known[]>();
  /** What the device has refused, by group. */
  readonly #refused = new Map<string, Known[]>();
  /** Requests for more got no answer, by group. */
  readonly #limits = new Map<string, { readonly count: number; readonly at: number }>();

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
    const limit = this.#limits.get(group);
    if (limit !== undefined && now < limit.at + REFUSED_MS && both.count > limit.count) return undefined;
    const refused = this.#refused.get(group) ?? [];
    return refused.some(({ range, at }) => now < at + REFUSED_MS && holds(both, range)) ? undefined : both;
  }

  /** The device has answered a read of this range. */
  answered(range: RegisterRange, now: number): void {
    const known = this.#answered.get(groupOf(range));
    if (!known?.some((each) => holds(each.range, range))) remember(this.#answered, range, now);
  }

  /**
   * The device has not answered a request for several reads. Some devices are silent about holes, or about more than they can read: nobody waits
   * for that twice. Where the device has answered the same before, something else is to blame.
   */
  unanswered(range: RegisterRange, parts: readonly RegisterRange[], now: number): void {
    const known = this.#answered.get(groupOf(range)) ?? [];
    if (known.some((each) => holds(each.range, range))) return;
    this.refused(range, parts, now);
    const count = Math.max(0, ...known.map((each) => each.range.count));
    if (count > 0 && count < range.count) this.#limits.set(groupOf(range), { count, at: now });
  }

  /**
   * The device has refused a range.
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
