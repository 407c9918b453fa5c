import { DEFAULT_SETTINGS } from "#src/core/config/keys.js";
import type { Settings } from "#src/core/config/settings.js";
import { Daemon } from "#src/daemon/daemon.js";
import type { Log } from "#src/log/log.js";
import type { Clock } from "#src/system/clock.js";
import { systemClock } from "#src/system/clock.js";
import { freePort } from "./free-port.js";

/** A log that keeps its lines. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];
  debugging = false;
  lost = 0;
  error(text: string): void {
    this.lines.push(`ERROR ${text}`);
  }
  warn(text: string): void {
    this.lines.push(`WARN ${text}`);
  }
  info(text: string): void {
    this.lines.push(`INFO ${text}`);
  }
  connection(text: string): void {
    this.info(text);
  }
  debug(text: string): void {
    this.lines.push(`DEBUG ${text}`);
  }
  reopen(): void {}
  configure(): void {}
  async flush(): Promise<void> {}
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
  return { daemon, port: daemon.listeners[0]?.port ?? 0, log };
}
