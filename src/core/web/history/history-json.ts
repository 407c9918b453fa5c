import { printableJson } from "../../parse/text.js";
import { type HistorySteps, STEP_SECONDS } from "./history.js";

/**
 * The reply to `/history` in pieces: JSON in one line (docs/web-and-metrics.md, "The last hour").
 *
 * @param run tells one run of the daemon from another
 * @param endedAt when the last step ended, in ISO 8601
 */
export function* historyJson({ first, next, series }: HistorySteps, run: string, endedAt: string): Generator<string> {
  const head = { run, stepSeconds: STEP_SECONDS, first, next, endedAt };
  yield `${printableJson(head).slice(0, -1)},"series":[`;
  let separator = "";
  for (const each of series) {
    yield separator + printableJson(each);
    separator = ",";
  }
  yield "]}";
}
