import { groupNumber, isWholeAnswer, type RegisterRange } from "../register-ranges.js";
import { formatPublishRule } from "./parse-rule.js";
import type { PublishRule } from "./publish-rule.js";
import { type Publication, PublishedValue, type ValueStatus } from "./published-value.js";

/** What is to be told now, and when there may be something without an answer; infinite: never. */
export interface Due {
  readonly publications: readonly Publication[];
  readonly nextAt: number;
}

const NOTHING: Due = { publications: [], nextAt: Number.POSITIVE_INFINITY };

/** The values of one line that are published. */
export class ValueBoard {
  readonly values: readonly PublishedValue[];
  /** By unit and function, in the order of their first registers. */
  readonly #byGroup = new Map<number, PublishedValue[]>();

  /**
   * @param linePollMs what the line says (POLL)
   * @param former what was known before a reload: rules that stay keep their values
   */
  constructor(rules: readonly PublishRule[], linePollMs: number, former?: ValueBoard) {
    const known = new Map(former?.values.map((value) => [keyOf(value), value]));
    this.values = rules.map((rule) => {
      const value = new PublishedValue(rule, linePollMs);
      return known.get(keyOf(value)) ?? value;
    });
    const ordered = this.values.toSorted((one, other) => one.range.start - other.range.start);
    for (const value of ordered) {
      const group = groupNumber(value.range);
      const others = this.#byGroup.get(group);
      if (others === undefined) this.#byGroup.set(group, [value]);
      else others.push(value);
    }
  }

  /** The device has answered a read of this range with these values, which are lent. */
  answered(range: RegisterRange, values: Buffer, now: number): Due {
    const group = this.#byGroup.get(groupNumber(range));
    if (group === undefined || !isWholeAnswer(range, values)) return NOTHING;
    const end = range.start + range.count;
    const publications: Publication[] = [];
    let nextAt = Number.POSITIVE_INFINITY;
    for (let at = firstFrom(group, range.start); at < group.length; at += 1) {
      const value = group[at] as PublishedValue;
      if (value.range.start >= end) break;
      if (value.range.start + value.range.count > end) continue; // its other half is not of this answer
      value.read(values, range, now);
      const publication = value.due(now);
      if (publication !== undefined) publications.push(publication);
      nextAt = Math.min(nextAt, value.dueAt);
    }
    return { publications, nextAt };
  }

  /** What is to be told though no answer has come. */
  due(now: number): Due {
    const publications = this.values.flatMap((value) => value.due(now) ?? []);
    return { publications, nextAt: Math.min(...this.values.map(({ dueAt }) => dueAt)) };
  }

  /** Everything is to be told once more: who was told has forgotten it. */
  forgetTold(): void {
    for (const value of this.values) value.forgetTold();
  }

  /** What STAT shows. */
  status(now: number): ValueStatus[] {
    return this.values.map((value) => value.status(now));
  }
}

function keyOf({ rule, pollMs }: PublishedValue): string {
  return `${formatPublishRule(rule)} ${pollMs}`;
}

/** The index of the first value whose registers begin at `start` or behind. */
function firstFrom(values: readonly PublishedValue[], start: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as PublishedValue).range.start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
