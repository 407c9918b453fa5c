import type { Readings } from "./cells.js";
import type { Fields } from "./fields.js";
import { shortNumber, shortTime } from "./quantities.js";
import { clippedLine, flowed, type Line, type Span, type Style, span } from "./screen.js";
import { connectionSection, type Section, sections } from "./status-tables.js";
import { tableLines } from "./table.js";
import { folded, shown } from "./text-width.js";

const MAX_REASON_LINES = 3;
/** So many problems of one cause are told one by one. */
const FEW = 3;

/** How a status is shown. */
export interface Showing extends Readings {
  /** The daemon, as people call it: `127.0.0.1:2504`. */
  readonly place: string;
  /** Columns of the terminal. */
  readonly width: number;
  /** A moment in ISO 8601 as milliseconds since the epoch. */
  epochMs(moment: string): number;
}

/** The status of a daemon for a terminal: what is wrong first. No line is wider than the terminal, whatever stands in the status. */
export function statusScreen(showing: Showing): Line[] {
  const { now, width } = showing;
  const tables = sections(showing).flatMap((section) => sectionLines(section, width));
  const lines = [...heading(showing), ...problemLines(showing), ...flowed(totals(now), width), ...tables];
  return lines.map((line) => clippedLine(line, width));
}

/**
 * The status of a Conbus reverse proxy, in the same way.
 *
 * @param port of the proxy
 */
export function reverseProxyScreen(showing: Showing, port: number): Line[] {
  const { now, width } = showing;
  const line = now.list("listeners").find((listener) => listener.number("port") === port);
  const name = line?.text("name") ?? "";
  const pieces = [
    span("Conbus reverse proxy", "bold"),
    span(showing.place),
    span(`to ${line?.text("remote") ?? ""}`),
    ...life(now),
  ];
  const connections = connectionSection(showing, name);
  const table = connections.table.rows.length === 0 ? [] : sectionLines(connections, width);
  const lines = [
    ...flowed(pieces, width),
    ...problemLines(showing),
    ...flowed(carried(now.child("lines").child(name)), width),
    ...table,
  ];
  return lines.map((line) => clippedLine(line, width));
}

function sectionLines({ title, table }: Section, width: number): Line[] {
  return [[], [span(title, "bold")], ...tableLines(table, width)];
}

function heading({ now, place, width }: Showing): Line[] {
  const pieces = [span(`sockproxyd ${now.text("version")}`, "bold"), span(place), ...life(now)];
  return flowed(pieces, width);
}

function life(now: Fields): Span[] {
  return [span(`up ${shortTime(now.number("uptimeMs") ?? 0)}`), span(`process ${now.text("pid")}`, "gray")];
}

function problemLines(showing: Showing): Line[] {
  const { now, width } = showing;
  const problems = now.list("problems");
  if (problems.length === 0) return now.has("problems") ? [[span("nothing is wrong", "green")]] : [];
  const nowMs = showing.epochMs(now.text("startedAt")) + (now.number("uptimeMs") ?? 0);
  return gathered(problems).flatMap((those) => {
    const [sign, style]: [string, Style] = those[0]?.text("severity") === "error" ? ["✗", "red"] : ["!", "yellow"];
    const forMs = Math.max(...those.map((problem) => nowMs - showing.epochMs(problem.text("since"))));
    const since = Number.isNaN(forMs) ? "" : `, for ${shortTime(forMs)}`;
    const { head, why } = told(those);
    const indent = width > MARGIN.length ? MARGIN : "";
    const inner = Math.max(1, width - indent.length);
    return [
      ...folded(shown(head + since), inner, MAX_REASON_LINES).map((text, index): Line => {
        return [
          { text: index === 0 ? `${sign} `.slice(0, indent.length) : indent, style },
          { text, style },
        ];
      }),
      ...(why === "" ? [] : folded(shown(why), inner, MAX_REASON_LINES)).map(
        (text): Line => [{ text: indent }, { text }],
      ),
    ];
  });
}

/** Problems with one cause together, where they are many; others alone. */
function gathered(problems: readonly Fields[]): Fields[][] {
  const byCause = new Map<string, Fields[]>();
  for (const problem of problems) {
    const cause = problem.text("cause") || problem.text("why");
    const key = JSON.stringify([problem.text("severity"), problem.text("kind"), cause]);
    const others = byCause.get(key);
    if (others === undefined) byCause.set(key, [problem]);
    else others.push(problem);
  }
  return [...byCause.values()].flatMap((those) => (those.length > FEW ? [those] : those.map((one) => [one])));
}

/** The words for problems with one cause. A daemon before 1.10.0 tells the kind only. */
function told([first, ...others]: readonly Fields[]): { readonly head: string; readonly why: string } {
  if (first === undefined) return { head: "", why: "" };
  const text = (name: string, before: string): string => first.text(name) || first.text(before);
  const head = `${text("subject", "name")} ${text("what", "kind")}`;
  if (others.length === 0) return { head, why: first.text("why") };
  const names = [first, ...others].slice(0, FEW).map((problem) => problem.text("subject") || problem.text("name"));
  const more = others.length + 1 - FEW;
  return { head: `${names.join(", ")} and ${more} more: ${text("state", "kind")}`, why: text("cause", "why") };
}

const MARGIN = "  ";

function carried(traffic: Fields): Span[] {
  const [connections = 0, received = 0, sent = 0] = ["connections", "received", "sent"].map((name) =>
    traffic.number(name),
  );
  return [
    span(`${shortNumber(connections)} connections so far`),
    span(`${shortNumber(received)}B from remotes`),
    span(`${shortNumber(sent)}B to remotes`),
  ];
}

/** What the daemon has done since its start. */
function totals(now: Fields): Span[] {
  const notifications = now.child("notifications");
  const count = (name: string): string => shortNumber(notifications.number(name) ?? 0);
  const failed = notifications.number("failed") ?? 0;
  const waiting = (notifications.number("waiting") ?? 0) + (notifications.number("inFlight") ?? 0);
  const lost = now.number("logLinesLost") ?? 0;
  return [
    ...carried(now.child("traffic")),
    span(`${count("sent")} notifications`),
    ...(failed > 0 ? [span(`${shortNumber(failed)} failed`, "yellow")] : []),
    ...(waiting > 0 ? [span(`${shortNumber(waiting)} waiting`, "yellow")] : []),
    ...(lost > 0 ? [span(`${shortNumber(lost)} log lines lost`, "yellow")] : []),
  ];
}
