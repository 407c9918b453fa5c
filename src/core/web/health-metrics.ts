import { Tally } from "../collections/tally.js";
import { PROBLEM_KINDS, type Problem } from "../health/problem.js";
import { gauge, type Metric } from "./exposition.js";

const SEVERITIES = ["error", "warning"] as const;

/** How many problems there are of each kind; also of those that there are not: a rule may wait for a change. */
export function healthMetrics(problems: readonly Problem[]): Metric[] {
  const counts = new Tally<string>();
  for (const { severity, kind } of problems) counts.add(`${severity} ${kind}`);
  const samples = SEVERITIES.flatMap((severity) =>
    PROBLEM_KINDS.map((kind) => ({ labels: { severity, kind }, value: counts.of(`${severity} ${kind}`) })),
  );
  return [gauge("problems", "What is wrong now, by severity and kind.", samples)];
}
