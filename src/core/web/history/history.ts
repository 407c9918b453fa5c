import type { Gathering } from "../../status/gathering.js";
import { type Change, changeBetween, type Quantity, type Reading, type SeriesName, together } from "./quantity.js";

/** The steps of an hour, and how long one is. */
export const STEP_SECONDS = 10;
const STEPS = 360;
/** Series of one kind are those of so many things: of a home, all. A series takes 1.5 KB. */
const MAX_IDS = 64;
const REST = "rest";

/** Steps of a {@link History}. The points of each series are as many; null: not known. */
export interface HistorySteps {
  /** The number of the first step, and of the one behind the last. */
  readonly first: number;
  readonly next: number;
  readonly series: Iterable<SeriesName & { readonly points: readonly (number | null)[] }>;
}

/** The points of one series. The point of step `n` stands at `n % STEPS`. */
interface Series {
  readonly name: SeriesName;
  readonly points: Float32Array;
  /** The last step whose point is known. */
  lastKnown: number;
}

/** What has happened in a step, and the readings at its end. */
interface Changes {
  readonly changes: Map<string, { readonly name: SeriesName; readonly change: Change }>;
  readonly last: ReadonlyMap<string, Quantity>;
}

/** The last hour in steps, of every quantity that is read. Memory is bounded: beyond {@link MAX_IDS} of a kind, the rest is summed. */
export class History {
  readonly #series = new Map<string, Series>();
  /** The things of each kind that have series of their own. */
  readonly #ids = new Map<string, Set<string>>();
  #last: ReadonlyMap<string, Quantity> = new Map();
  #next = 0;

  /** The first step begins. @param readings the counters as they stand now */
  *start(readings: Iterable<Reading>): Gathering<void> {
    const last = new Map<string, Quantity>();
    for (const reading of readings) {
      last.set(keyOf(reading), reading);
      yield "";
    }
    this.#last = last;
  }

  /** The number of the step that is not over yet. */
  get next(): number {
    return this.#next;
  }

  /**
   * Steps are over.
   *
   * @param readings of this moment
   * @param next the number of the step that begins now. Where the process stood still, several are over: each gets the same points.
   * @param seconds since the last readings, above 0
   */
  *add(readings: Iterable<Reading>, next: number, seconds: number): Gathering<void> {
    const { changes, last } = yield* this.#changes(readings, seconds);
    const first = Math.max(this.#next, next - STEPS);
    this.#next = next;
    for (const series of this.#series.values()) fill(series, first, next, Number.NaN);
    for (const [key, { name, change }] of changes) {
      const series = this.#seriesOf(key, name);
      series.lastKnown = next - 1;
      fill(series, first, next, change.per > 0 ? change.amount / change.per : Number.NaN);
    }
    this.#last = last;
    this.#forget();
  }

  /** The steps from `since` on, as far as they are kept; all of them where there is no such step yet. */
  read(since = 0): HistorySteps {
    const next = this.#next;
    const oldest = Math.max(0, next - STEPS);
    const first = since > next ? oldest : Math.max(oldest, since);
    const all = this.#series;
    return {
      first,
      next,
      series: {
        *[Symbol.iterator]() {
          for (const { name, points } of all.values()) yield { ...name, points: pointsOf(points, first, next) };
        },
      },
    };
  }

  /** What has happened to each series, those of the rest added up. */
  *#changes(readings: Iterable<Reading>, seconds: number): Gathering<Changes> {
    const changes: Changes["changes"] = new Map();
    const last = new Map<string, Quantity>();
    for (const reading of readings) {
      yield "";
      const readingKey = keyOf(reading);
      const change = changeBetween(this.#last.get(readingKey), reading, seconds);
      last.set(readingKey, reading);
      const { of, what, unit, kind } = reading;
      const name = { of, id: this.#placeOf(reading), what, unit };
      const key = keyOf(name);
      const known = changes.get(key);
      changes.set(key, { name, change: known === undefined ? change : together(known.change, change, kind) });
    }
    return { changes, last };
  }

  /** The id under which a thing is shown: its own, or that of the rest. */
  #placeOf({ of, id }: SeriesName): string {
    const ids = this.#ids.get(of) ?? new Set();
    this.#ids.set(of, ids);
    if (ids.has(id)) return id;
    if (ids.size >= MAX_IDS) return REST;
    ids.add(id);
    return id;
  }

  #seriesOf(key: string, name: SeriesName): Series {
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const made: Series = { name, points: new Float32Array(STEPS).fill(Number.NaN), lastKnown: 0 };
    this.#series.set(key, made);
    return made;
  }

  /** Forgets what nobody has told of for an hour: a line that a reload has removed. */
  #forget(): void {
    for (const [key, { name, lastKnown }] of this.#series) {
      if (this.#next - lastKnown <= STEPS) continue;
      this.#series.delete(key);
      if (![...this.#series.values()].some((other) => other.name.of === name.of && other.name.id === name.id))
        this.#ids.get(name.of)?.delete(name.id);
    }
  }
}

function keyOf({ of, id, what }: SeriesName): string {
  return `${of} ${what} ${id}`; // the id alone may have spaces
}

function fill({ points }: Series, first: number, next: number, value: number): void {
  for (let step = first; step < next; step += 1) points[step % STEPS] = value;
}

/** Four digits of each point: more are nowhere to be seen. */
function pointsOf(points: Float32Array, first: number, next: number): (number | null)[] {
  return Array.from({ length: next - first }, (_, index) => {
    const value = points[(first + index) % STEPS] ?? Number.NaN;
    return Number.isNaN(value) ? null : Number(value.toPrecision(4));
  });
}
