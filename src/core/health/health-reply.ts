import { printableJson } from "../parse/text.js";
import type { DaemonStatus } from "../status/daemon-status.js";
import type { Problem } from "./problem.js";
import { lineKey, listenerKey } from "./problems.js";

/** What `/healthz` is answered from. */
export type HealthReport = Pick<DaemonStatus, "problems" | "listeners" | "directs" | "muxes" | "tunnels" | "devices">;

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
export function healthReply(query: ReadonlyMap<string, string>, report: HealthReport): HealthReply {
  const unknown = [...query.keys()].find((key) => key !== "line");
  if (unknown !== undefined) return reply(400, "unknown", [`unknown parameter "${unknown}"; known is line`]);
  const name = query.get("line");
  const line = name === undefined ? undefined : lineOf(name, report);
  if (name !== undefined && line === undefined) return reply(404, "unknown", [`no line "${name}"`]);
  const reasons = report.problems.filter(
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
function lineOf(name: string, { listeners, directs, muxes, tunnels, devices }: HealthReport): string | undefined {
  const lines: [key: string, ...names: string[]][] = [
    ...[...directs, ...muxes, ...tunnels].map((line): [string, string] => [lineKey(line), String(line.port)]),
    ...listeners.map((listener): [string, string] => [listenerKey(listener), String(listener.port)]),
    ...devices.map(({ name: section, server }): [string, string] => [section ?? server, server]),
  ];
  return (lines.find(([key]) => key === name) ?? lines.find(([, ...others]) => others.includes(name)))?.[0];
}
