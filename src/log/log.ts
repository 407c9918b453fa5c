import type { LogStyle, Settings } from "../core/config/settings.js";
import { printable } from "../core/parse/text.js";
import { untilIdle } from "../scheduling/until-idle.js";
import { type Clock, systemClock } from "../system/clock.js";
import { LogSink } from "./log-sink.js";
import type { LogLevel, LogObserver } from "./log-tail.js";
import { Times } from "./times.js";
import { createLogger, MESSAGE, StreamTransport } from "./winston.js";

/** The log of the program, for people. */
export interface Log {
  /** Whether {@link debug} writes anything: ask before composing a text for it. */
  readonly debugging: boolean;
  /** Lines that could not be written since the start. */
  readonly lost: number;
  /** Writes times as the lines of the log have them. All of the daemon writes them so. */
  readonly times: Times;
  /** Sees each line, if there is one. */
  observer: LogObserver | undefined;
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  /** What happens to a single connection. Style `clock` leaves it out: the monitor of the reverse proxy shows it there. */
  connection(text: string): void;
  debug(text: string): void;
  /** Opens the log file anew by its name. */
  reopen(): void;
  /**
   * Goes on in another file, with another level, or in another time zone.
   *
   * @throws when the file cannot be opened; nothing has changed then
   */
  configure(settings: LogSettings): void;
  /** Waits until every line has been written, half a second at most. */
  flush(): Promise<void>;
}

/** The settings of a log that a reload may change. */
export type LogSettings = Pick<Settings, "log" | "debug" | "time">;

type Line = (times: Times, epochMs: number, level: string, message: unknown) => string;

/** A line of each style. */
const LINES: Readonly<Record<LogStyle, Line>> = {
  date: (times, epochMs, level, message) => `${times.iso(epochMs)} ${level.padEnd(5)} ${message}`,
  clock: (times, epochMs, level, message) => `${times.ofDay(epochMs)} [${level}] ${message}`,
};

function levelFor(debugging: boolean): string {
  return debugging ? "debug" : "info";
}

/** Opens the target of the log. `complain` gets the errors that the log itself cannot show. */
function openSink(
  path: string,
  lineOf: (level: string, message: unknown) => string,
  clock: Clock,
  complain: (text: string) => void,
): LogSink {
  const sink = new LogSink(path, clock, {
    failed(error) {
      if (sink.path !== "-") complain(`log file ${sink.path}: ${error.message}; its lines are lost for now`);
    },
    gapLine: (lost) => lineOf("WARN", `the log could not be written for a while; ${lost} lines are lost`),
  });
  return sink;
}

/**
 * Opens the log.
 *
 * @param settings `log`: a file to append to; `-`: stderr
 * @param complain tells a person what a broken log cannot tell
 * @throws when the file cannot be opened
 */
export function openLog(
  { log: path, debug, time, logStyle: style }: LogSettings & Pick<Settings, "logStyle">,
  complain: (text: string) => void,
  clock: Clock = systemClock,
): Log {
  const times = new Times(time);
  const lineOf = (level: string, message: unknown): string => LINES[style](times, clock.epochMs(), level, message);
  const sink = openSink(path, lineOf, clock, complain);
  const logger = createLogger({
    level: levelFor(debug),
    format: {
      transform: (info) => Object.assign(info, { [MESSAGE]: lineOf(info.level.toUpperCase(), info.message) }),
    },
    transports: [new StreamTransport({ stream: sink, eol: "" })], // LineWriter adds it
    exitOnError: false,
  });
  const log: Log = {
    times,
    observer: undefined,
    get debugging() {
      return logger.level === "debug";
    },
    get lost() {
      return sink.lost;
    },
    error: (text) => write("error", text),
    warn: (text) => write("warn", text),
    info: (text) => write("info", text),
    connection(text) {
      // the pipeline of winston takes 25 µs for a line, a tenth of what a connection takes in all (docs/benchmarks.md)
      if (style === "date" && logger.isInfoEnabled()) sink.write(lineOf("INFO", noted("info", text)));
    },
    debug(text) {
      if (this.debugging) write("debug", text);
    },
    reopen() {
      if (sink.path === "-") return;
      try {
        sink.reopen(sink.path);
        write("info", "log opened again");
      } catch (error) {
        this.error(`log cannot be opened again, the old file stays in use: ${(error as Error).message}`);
      }
    },
    configure(next) {
      if (next.log !== sink.path) sink.reopen(next.log);
      logger.level = levelFor(next.debug);
      times.configure(next.time);
    },
    flush: () => untilIdle([sink], clock),
  };
  const noted = (level: LogLevel, text: string): string => {
    const line = printable(text);
    log.observer?.noted(level, line);
    return line;
  };
  const write = (level: LogLevel, text: string): void => void logger[level](noted(level, text));
  return log;
}
