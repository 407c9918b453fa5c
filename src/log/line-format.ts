import type { LogLevel } from "../core/config/settings.js";
import { escapedJson, printable } from "../core/parse/text.js";
import type { Times } from "./times.js";

/** The connection that a line is about. */
export interface LineSubject {
  /** Its identifier on the wire. */
  readonly id: string;
  /** `host:port` */
  readonly client: string;
  /** The remote as the client named it; `-`: it has named none yet. */
  readonly target: string;
}

/** A line of the log before it has its form. */
export interface LogEntry {
  readonly epochMs: number;
  readonly level: LogLevel;
  readonly text: string;
  /** The connection that the line is about, if it is about one. */
  readonly of: LineSubject | undefined;
  /** The text as people read it, with the connection in front: {@link textOf}. */
  readonly shown: string;
}

/** Makes a line of the log, without its LF. Nothing in it can end the line or drive a terminal. */
export type LineFormat = (times: Times, entry: LogEntry) => string;

/** Levels as lines for people have them, of one width. */
const WORDS: Readonly<Record<LogLevel, string>> = { error: "ERROR", warn: "WARN ", info: "INFO ", debug: "DEBUG" };

/** The text of a line, with the connection that it is about in front. */
export function textOf(text: string, of: LineSubject | undefined): string {
  return printable(of === undefined ? text : `[${of.id} ${of.client} > ${of.target}] ${text}`);
}

/** The forms of lines (docs/configuration.md, `log-format`): `date` is `text`; `clock` is that of a reverse proxy. */
export const FORMATS: Readonly<Record<"date" | "clock" | "json", LineFormat>> = {
  date: (times, { epochMs, level, shown }) => `${times.iso(epochMs)} ${WORDS[level]} ${shown}`,
  clock: (times, { epochMs, level, shown }) => `${times.ofDay(epochMs)} [${WORDS[level].trimEnd()}] ${shown}`,
  json: (times, { epochMs, level, text, of }) =>
    escapedJson({
      time: times.iso(epochMs),
      level,
      message: text,
      ...(of && { connection: of.id, client: of.client, ...(of.target !== "-" && { remote: of.target }) }),
    }),
};
