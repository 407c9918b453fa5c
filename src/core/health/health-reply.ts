import { printableJson } from "../parse/text.js";
import type { Gathering, NamedLine } from "../status/gathering.js";
import type { Problem } from "./problem.js";

/** What `/healthz` is answered from. */
export interface HealthSource {
  /** All that somebody may ask for by a name. */
  readonly lines: readonly NamedLine[];
  /** @param line looks at this line only, as {@link Problem.line} has it */
  problems(line?: string): Gathering<readonly Problem[]>;
}

/** The answer of `/healthz`. */
export interface HealthReply {
  /** 200: well; 503: not; 404: there is no such line; 400: the question is no question. */
  readonly status: 200 | 503 | 404 | 400;
  /** One line of JSON, and LF. */
  readonly body: string;
}

/**
 * Answers `/healthz` (docs/web-and-metrics.md): whether the daemon does what it is there for, or one of its lines with `line=NAME`.
 * Warnings do not count.
 */
export function* healthReply(query: ReadonlyMap<string, string>, source: HealthSource): Gathering<HealthReply> {
  const unknown = [...query.keys()].find((key) => key !== "line");
  if (unknown !== undefined) return reply(400, "unknown", [`unknown parameter "${unknown}"; known is line`]);
  const name = query.get("line");
  const line = name === undefined ? undefined : lineOf(name, source.lines);
  if (name !== undefined && line === undefined) return reply(404, "unknown", [`no line "${name}"`]);
  const problems = yield* source.problems(line);
  const reasons = problems.filter(
    (problem) => problem.severity === "error" && (line === undefined || problem.line === line),
  );
  return reasons.length === 0 ? reply(200, "ok", reasons) : reply(503, "failing", reasons);
}

function reply(status: HealthReply["status"], word: string, reasons: readonly (Problem | string)[]): HealthReply {
  return { status, body: `${printableJson({ status: word, reasons })}\n` };
}

/**
 * The line that somebody calls so, as {@link Problem.line} has it: by the name of its section, or else by its port. A name goes first, so that no
 * other line can take it away by its port.
 */
function lineOf(name: string, lines: readonly NamedLine[]): string | undefined {
  const found =
    lines.find(({ lineNames: [key] }) => key === name) ?? lines.find(({ lineNames: [, other] }) => other === name);
  return found?.lineNames[0];
}
