import { PassThrough } from "node:stream";
import { after } from "node:test";
import { loadConfig } from "#src/cli/load-config.js";
import { parseArguments } from "#src/cli/serve-arguments.js";
import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { LogLevel, Settings } from "#src/core/config/settings.js";
import { printable } from "#src/core/parse/text.js";
import { Daemon } from "#src/daemon/daemon.js";
import { EventBus } from "#src/events/event-bus.js";
import type { LineSubject } from "#src/log/line-format.js";
import { type Log, type LogSettings, openLog } from "#src/log/log.js";
import type { LogObserver } from "#src/log/log-tail.js";
import { Times } from "#src/log/times.js";
import type { Clock, Timer } from "#src/system/clock.js";
import { systemClock } from "#src/system/clock.js";
import type { RunningDaemon } from "./daemon.js";
import { checkEvent } from "./event-schema.js";
import { freePort } from "./free-port.js";
import "./open-sockets.js";

/** What would keep this process from ending, besides its open sockets: the timers of its daemons. */
const timers = new Set<Timer>();
let over = false;

/** The machine's own time. */
const clock: Clock = {
  ...systemClock,
  after(ms, callback) {
    if (over) return { cancel() {} };
    const timer = systemClock.after(ms, () => {
      timers.delete(timer);
      callback();
    });
    timers.add(timer);
    return {
      cancel() {
        timers.delete(timer);
        timer.cancel();
      },
    };
  },
};
const { publish } = EventBus.prototype;
EventBus.prototype.publish = function (event) {
  checkEvent(event); // whatever a test has happen
  publish.call(this, event);
};
after(() => {
  over = true; // the ends of the sockets would start timers, and a daemon whose timers are gone does not come to the end of its stop
  for (const timer of timers) timer.cancel();
});

function withSubject(text: string, of: LineSubject | undefined): string {
  return of === undefined ? text : `[${of.id} ${of.client} > ${of.target}] ${text}`;
}

/** A log that keeps its lines. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];
  readonly times = new Times();
  observer: LogObserver | undefined;
  debugging = false;
  lost = 0;
  error(text: string, of?: LineSubject): void {
    this.add("ERROR", withSubject(text, of));
  }
  warn(text: string, of?: LineSubject): void {
    this.add("WARN", withSubject(text, of));
  }
  info(text: string): void {
    this.add("INFO", text);
  }
  connection(text: string, of: LineSubject): void {
    this.info(withSubject(text, of));
  }
  debug(text: string, of?: LineSubject): void {
    this.add("DEBUG", withSubject(text, of));
  }
  reopen(): void {}
  configure({ time }: LogSettings): void {
    this.times.configure(time);
  }
  async flush(): Promise<void> {}
  protected add(level: string, text: string): void {
    this.observer?.noted(level.toLowerCase() as LogLevel, text);
    this.lines.push(`${level} ${text}`);
  }
}

/** A log that keeps the lines as the program would print them. */
class PrintedLog extends MemoryLog {
  override debug(text: string, of?: LineSubject): void {
    if (this.debugging) super.debug(text, of);
  }
  override configure(settings: LogSettings): void {
    super.configure(settings);
    this.debugging = settings.debug;
  }
  protected override add(level: string, text: string): void {
    this.observer?.noted(level.toLowerCase() as LogLevel, printable(text));
    this.lines.push(`${this.times.iso(Date.now())} ${level.padEnd(5)} ${printable(text)}`);
  }
}

/** A daemon in the process of the test, on a free port of the loopback address: the test can hold its clock. */
export async function daemonHere(
  settings: Partial<Settings> = {},
  clock: Clock = systemClock,
): Promise<{ daemon: Daemon; port: number; log: MemoryLog }> {
  const log = new MemoryLog();
  const all = { ...DEFAULT_SETTINGS, ip: "127.0.0.1", port: await freePort(), ...settings };
  const daemon = new Daemon(
    all,
    () => ({ settings: all, problems: [] }),
    clock,
    log,
    (_text, done) => done(),
  );
  await daemon.start();
  return { daemon, port: daemon.status.listeners[0]?.port ?? 0, log };
}

/**
 * Starts a daemon inside the test's own process, as the command line `sockproxyd -p <free port> …` does.
 *
 * @param args further arguments
 * @throws with the problems of the arguments or of the files they name
 */
export async function startHere(...args: string[]): Promise<RunningDaemon> {
  const port = await freePort();
  const parsed = parseArguments(["-p", String(port), ...args]);
  if (!parsed.ok) throw new Error(parsed.message);
  const load = () => loadConfig(parsed.value);
  const { settings, problems, warnings = [] } = load();
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const kept = new PrintedLog();
  kept.configure(settings);
  const log = settings.log === "-" ? kept : openLog(settings, (text) => kept.error(text));
  const stdout = new PassThrough();
  const daemon = new Daemon(settings, load, clock, log, (text, done) => void stdout.write(text, done));
  await daemon.start();
  for (const warning of warnings) log.warn(warning);
  return {
    port,
    stdout,
    log: () => kept.lines.map((line) => `${line}\n`).join(""),
    stop: () => daemon.stop("SIGTERM").then(() => 0),
    discard: () => void daemon.stop("the test has ended"),
  };
}
