import { ALL_LINES, type Gathering, gatherNow, type WantedLines } from "#src/core/status/gathering.js";

/** Work that pauses once, and has this result. */
export function* gathered<T>(result: T): Gathering<T> {
  yield "";
  return result;
}

/** What STAT shows of all lines of a feature. */
export function statusOf<T>(lines: { gather(wanted: WantedLines): Gathering<T> }): T {
  return gatherNow(lines.gather(ALL_LINES));
}
