/** What a series shows (docs/web-and-metrics.md, "The last hour"). */
export interface SeriesName {
  /** The kind of the thing: `daemon`, `line`, `mux`, `tunnel`, `device`, `notifications`. */
  readonly of: string;
  /** Which one of its kind; empty: there is only one. */
  readonly id: string;
  readonly what: string;
  readonly unit: string;
}

/**
 * What the daemon knows at one moment. `rate`: a counter, whose growth in a second is shown. `mean`: a sum and a counter, whose growth is
 * divided. `level`: a value that is shown as it is.
 */
export type Quantity =
  | { readonly kind: "rate"; readonly total: number }
  | { readonly kind: "mean"; readonly sum: number; readonly count: number }
  | { readonly kind: "level"; readonly value: number };

/** One quantity of one series at one moment. */
export type Reading = SeriesName & Quantity;

/** What has happened in a step: an amount, and what it is divided by. Nothing is known where `per` is 0. */
export interface Change {
  readonly amount: number;
  readonly per: number;
}

/**
 * What has happened between two readings. A counter that is lower than before has begun anew at 0, as those of a line do that a reload
 * replaces: so no rate is negative.
 *
 * @param former the reading before; undefined: what is counted was not there yet, and its counters have begun at 0 since
 * @param seconds the time between them, above 0
 */
export function changeBetween(former: Quantity | undefined, current: Quantity, seconds: number): Change {
  switch (current.kind) {
    case "level":
      return { amount: current.value, per: 1 };
    case "rate": {
      const before = former?.kind === "rate" ? former.total : 0;
      return { amount: current.total < before ? current.total : current.total - before, per: seconds };
    }
    case "mean": {
      const before = former?.kind === "mean" && former.count <= current.count ? former : { sum: 0, count: 0 };
      return { amount: Math.max(0, current.sum - before.sum), per: current.count - before.count };
    }
  }
}

/** Two changes of the same kind as one: rates and levels add up, and a mean is that of all. */
export function together(one: Change, other: Change, kind: Quantity["kind"]): Change {
  return { amount: one.amount + other.amount, per: kind === "mean" ? one.per + other.per : one.per };
}
