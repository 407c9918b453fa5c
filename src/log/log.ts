import { createLogger, format, transports } from "winston";
import type { LogStyle } from "../core/config/settings.js";
import { printable } from "../core/parse/text.js";
import { untilIdle } from "../scheduling/until-idle.js";
import { type Clock, systemClock } from "../system/clock.js";
import { LogSink } from "./log-sink.js";
import { timeOfDay } from "./time-of-day.js";

/** The log of the program, for people. */
export interface Log {
  /** Whether {@link debug} writes anything: ask before composing a text for it. */
  readonly debugging: boolean;
  /** Lines that could not be written since the start. */
  readonly lost: number;
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  /** What happens to a single connection. Style `clock` leaves it out: the monitor of the reverse proxy shows it there. */
  connection(text: string): void;
  debug(text: string): void;
  /** Opens the log file anew by its name. */
  reopen(): void;
  /**
   * Goes on in another file, or with another level.
   *
   * @throws when the file cannot be opened; nothing has changed then
   */
  configure(path: string, debugging: boolean): void;
  /** Waits until every line has been written, half a second at most. */
  flush(): Promise<void>;
}

/** A line of each style. */
const LINES: Readonly<Record<LogStyle, (epochMs: number, level: string, message: unknown) => string>> = {
  date: (epochMs, level, message) => `${new Date(epochMs).toISOString()} ${level.padEnd(5)} ${message}`,
  clock: (epochMs, level, message) => `${timeOfDay(epochMs)} [${level}] ${message}`,
};

function levelFor(debugging: boolean): string {
  return debugging ? "debug" : "info";
}

/** Opens the target of the log. `complain` gets the errors that the log itself cannot show. */
function openSink(path: string, style: LogStyle, clock: Clock, complain: (text: string) => void): LogSink {
  const sink = new LogSink(path, clock, {
    failed(error) {
      if (sink.path !== "-") complain(`log file ${sink.path}: ${error.message}; its lines are lost for now`);
    },
    gapLine: (lost) =>
      LINES[style](clock.epochMs(), "WARN", `the log could not be written for a while; ${lost} lines are lost`),
  });
  return sink;
}

/**
 * Opens the log.
 *
 * @param path a file to append to; `-`: stderr
 * @param style how its lines look
 * @param complain tells a person what a broken log cannot tell
 * @throws when the file cannot be opened
 */
export function openLog(
  path: string,
  debugging: boolean,
  style: LogStyle,
  complain: (text: string) => void,
  clock: Clock = systemClock,
): Log {
  const sink = openSink(path, style, clock, complain);
  const logger = createLogger({
    level: levelFor(debugging),
    format: format.printf(({ level, message }) => LINES[style](clock.epochMs(), level.toUpperCase(), message)),
    transports: [new transports.Stream({ stream: sink, eol: "" })], // LineWriter adds it
    exitOnError: false,
  });
  return {
    get debugging() {
      return logger.level === "debug";
    },
    get lost() {
      return sink.lost;
    },
    error: (text) => void logger.error(printable(text)),
    warn: (text) => void logger.warn(printable(text)),
    info: (text) => void logger.info(printable(text)),
    connection(text) {
      if (style === "date") logger.info(printable(text));
    },
    debug: (text) => void logger.debug(printable(text)),
    reopen() {
      if (sink.path === "-") return;
      try {
        sink.reopen(sink.path);
        logger.info("log opened again");
      } catch (error) {
        this.error(`log cannot be opened again, the old file stays in use: ${(error as Error).message}`);
      }
    },
    configure(nextPath, nextDebugging) {
      if (nextPath !== sink.path) sink.reopen(nextPath);
      logger.level = levelFor(nextDebugging);
    },
    flush: () => untilIdle([sink], clock),
  };
}
