import type { Result } from "../parse/result.js";
import type { OptionRow } from "./option-table.js";

/**
 * How the lines of one section are read and printed. A line names one or several places, and options. `T`: what the options set. `R`: what the
 * line asks for.
 */
export interface LineFormat<T, R> {
  /** The key of the places in a named section. */
  readonly placeKey: "target" | "expose";
  /** All options that such a line takes. Of two with the same key the first counts. */
  readonly rows: readonly OptionRow<T>[];
  /** Those that a message may suggest. */
  readonly suggested: readonly OptionRow<T>[];
  readonly defaults: T;
  /** Puts a line together, and checks that its parts go together. */
  build(places: readonly string[], options: T): Result<R>;
  /** The places of a line, as {@link build} takes them. */
  placesOf(route: R): string[];
  optionsOf(route: R): T;
}
