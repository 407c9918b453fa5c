import { PROBLEM_KINDS, type Problem } from "../health/problem.js";
import { gauge, type Metric } from "./exposition.js";

const SEVERITIES = ["error", "warning"] as const;

/** How many problems there are of each kind; also of those that there are not: a rule may wait for a change. */
export function healthMetrics(problems: readonly Problem[]): Metric[] {
  const samples = SEVERITIES.flatMap((severity) =>
    PROBLEM_KINDS.map((kind) => ({
      labels: { severity, kind },
      value: problems.filter((problem) => problem.severity === severity && problem.kind === kind).length,
    })),
  );
  return [gauge("problems", "What is wrong now, by severity and kind.", samples)];
}
