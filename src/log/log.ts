import type { LogLevel, Settings } from "../core/config/settings.js";
import { untilIdle } from "../scheduling/until-idle.js";
import { type Clock, systemClock } from "../system/clock.js";
import { FORMATS, type LineSubject, textOf } from "./line-format.js";
import type { LogPlace } from "./log-file.js";
import { LogSink } from "./log-sink.js";
import type { LogObserver } from "./log-tail.js";
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
  /** @param of the connection that the line is about, if it is about one */
  error(text: string, of?: LineSubject): void;
  warn(text: string, of?: LineSubject): void;
  info(text: string): void;
  /** What happens to a single connection. Style `clock` leaves it out: the monitor of the reverse proxy shows it there. */
  connection(text: string, of: LineSubject): void;
  debug(text: string, of?: LineSubject): void;
  /** Opens the log file anew by its name. */
  reopen(): void;
  /**
   * Goes on in another file, with another level, in another form or time zone.
   *
   * @throws when the file cannot be opened; nothing has changed then
   */
  configure(settings: LogSettings): void;
  /** Waits until every line has been written, half a second at most. */
  flush(): Promise<void>;
}

/** The settings of a log that a reload may change. */
export type LogSettings = Pick<Settings, "log" | "debug" | "time" | "logFormat" | "logLevel" | "logSize" | "logFiles">;

type OpenSettings = LogSettings & Pick<Settings, "logStyle">;

function levelOf({ debug, logLevel }: LogSettings): LogLevel {
  return debug ? "debug" : logLevel;
}

function placeOf({ log: path, logSize: size, logFiles: files }: LogSettings): LogPlace {
  return { path, size, files };
}

function isSamePlace(one: LogPlace, other: LogPlace): boolean {
  return one.path === other.path && one.size === other.size && one.files === other.files;
}

/** Opens the target of the log. `complain` gets the errors that the log itself cannot show. */
function openSink(
  place: LogPlace,
  lineOf: (level: LogLevel, text: string) => string,
  clock: Clock,
  complain: (text: string) => void,
): LogSink {
  const sink = new LogSink(place, clock, {
    failed({ message }) {
      const { path } = sink.place;
      if (path !== "-") complain(`log file ${path}: ${message}; its lines are lost for now`);
    },
    gapLine: (lost) => lineOf("warn", `the log could not be written for a while; ${lost} lines are lost`),
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
export function openLog(settings: OpenSettings, complain: (text: string) => void, clock: Clock = systemClock): Log {
  const { logStyle: style } = settings;
  const times = new Times(settings.time);
  const formatOf = ({ logFormat }: LogSettings) => FORMATS[logFormat === "json" ? "json" : style];
  let lineFormat = formatOf(settings);
  const lineOf = (level: LogLevel, text: string, of?: LineSubject, shown = textOf(text, of)): string =>
    lineFormat(times, { epochMs: clock.epochMs(), level, text, of, shown });
  const sink = openSink(placeOf(settings), lineOf, clock, complain);
  const logger = createLogger({
    level: levelOf(settings),
    format: { transform: (info) => Object.assign(info, { [MESSAGE]: info.message }) }, // a line already
    transports: [new StreamTransport({ stream: sink, eol: "" })], // LineWriter adds it
    exitOnError: false,
  });
  const noted = (level: LogLevel, text: string, of?: LineSubject): string => {
    const shown = textOf(text, of);
    log.observer?.noted(level, shown);
    return lineOf(level, text, of, shown);
  };
  const write = (level: LogLevel, text: string, of?: LineSubject): void => {
    if (logger.isLevelEnabled(level)) logger[level](noted(level, text, of));
  };
  const log: Log = {
    times,
    observer: undefined,
    get debugging() {
      return logger.level === "debug";
    },
    get lost() {
      return sink.lost;
    },
    error: (text, of) => write("error", text, of),
    warn: (text, of) => write("warn", text, of),
    info: (text) => write("info", text),
    connection(text, of) {
      // the pipeline of winston takes 25 µs for a line, a tenth of what a connection takes in all (docs/benchmarks.md)
      if (style === "date" && logger.isInfoEnabled()) sink.write(noted("info", text, of));
    },
    debug: (text, of) => write("debug", text, of),
    reopen() {
      if (sink.place.path === "-") return;
      try {
        sink.reopen(sink.place);
        write("info", "log opened again");
      } catch (error) {
        write("error", `log cannot be opened again, the old file stays in use: ${(error as Error).message}`);
      }
    },
    configure(next) {
      const place = placeOf(next);
      if (!isSamePlace(place, sink.place)) sink.reopen(place);
      logger.level = levelOf(next);
      lineFormat = formatOf(next);
      times.configure(next.time);
    },
    flush: () => untilIdle([sink], clock),
  };
  return log;
}
