import type { Result } from "../parse/result.js";
import type { OptionRow } from "./option-table.js";

/**
 * The form of the lines of one section, for readers and printers. A line names one or several places, and options. `T`: the type of the options.
 * `R`: the type of the route.
 */
export interface LineFormat<T, R> {
  /** The key of the places in a named section. */
  readonly placeKey: "target" | "expose";
  /** All options that such a line takes. Of two with the same key the first counts. */
  readonly rows: readonly OptionRow<T>[];
  /** The options that a message may suggest. */
  readonly suggested: readonly OptionRow<T>[];
  readonly defaults: T;
  /** Checks a place alone; left out: {@link build} does that. */
  checkPlace?(place: string): Result<unknown>;
  /** Makes the route of a line, after a check that its parts go together. */
  build(places: readonly string[], options: T): Result<R>;
  /** The places of a route, as {@link build} takes them. */
  placesOf(route: R): string[];
  optionsOf(route: R): T;
  /** Why a line cannot take datagrams from its clients; undefined where it can. Left out: no line of the section can. */
  datagramProblem?(route: R): string | undefined;
}
