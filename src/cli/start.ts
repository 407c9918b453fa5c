import { env, pid } from "node:process";
import type { LoadedConfig } from "../core/config/settings.js";
import type { Daemon } from "../daemon/daemon.js";
import type { Log } from "../log/log.js";
import { NO_SUPERVISOR, type Supervisor } from "../supervisor/supervisor.js";
import type { Clock } from "../system/clock.js";
import { keepHeapSmall } from "../system/small-heap.js";
import type { Successor } from "../upgrade/successor.js";
import { type Complain, failed, misused, type Started } from "./outcome.js";

/**
 * Starts a daemon. Loads the program of the daemon only now: a wrong command line, `--help` and `--check` are quicker without.
 *
 * @param load reads the configuration; called again for a reload
 */
export async function start(load: () => LoadedConfig, complain: Complain): Promise<Started> {
  const successor = await meetPredecessor();
  const { settings, problems, warnings = [] } = load();
  if (problems.length > 0) {
    successor?.failed(problems.join("; "));
    return misused(...problems);
  }
  const { Daemon, openLog, stdout, systemClock } = await import("./daemon-parts.js");
  let log: Log;
  try {
    log = openLog(settings, complain);
  } catch (error) {
    const message = `cannot write log file ${settings.log}: ${(error as Error).message}`;
    successor?.failed(message);
    return misused(message);
  }
  let daemon: Daemon;
  try {
    daemon = new Daemon(settings, load, systemClock, log, stdout(), await supervisorOf(log, systemClock, successor));
    process.on("SIGUSR1", () => daemon.reopenFiles()); // a log that is moved away while it starts is opened again, too
    await daemon.start();
    keepHeapSmall();
  } catch (error) {
    log.error((error as Error).message);
    successor?.failed((error as Error).message);
    await log.flush();
    return failed(...(settings.log === "-" ? [] : [(error as Error).message]));
  }
  for (const warning of warnings) log.warn(warning); // they are about what runs now
  return { kind: "running", daemon, log };
}

/** The program that has started this one and wants to hear of it, such as systemd. */
async function supervisorOf(log: Log, clock: Clock, successor?: Successor): Promise<Supervisor | undefined> {
  const manager = await managerOf(log, clock, successor !== undefined);
  if (successor === undefined) return manager;
  return {
    ...(manager ?? NO_SUPERVISOR),
    predecessor: successor,
    async started() {
      await manager?.started();
      successor.started();
    },
  };
}

async function managerOf(log: Log, clock: Clock, isSuccessor: boolean): Promise<Supervisor | undefined> {
  const { NOTIFY_SOCKET, LISTEN_FDS } = env;
  if (NOTIFY_SOCKET === undefined && LISTEN_FDS === undefined) return undefined;
  return (await import("../supervisor/service-manager.js")).serviceManager(env, pid, clock, log, isSuccessor);
}

/** Whether a daemon that runs has started this process, to take its place. */
export function isSuccessor(): boolean {
  return env["SOCKPROXYD_UPGRADE"] !== undefined && process.connected;
}

/** The process whose place this one takes, where that has started it. */
async function meetPredecessor(): Promise<Successor | undefined> {
  if (!isSuccessor()) return undefined;
  delete env["SOCKPROXYD_UPGRADE"]; // meant for this process alone
  return (await import("../upgrade/successor.js")).Successor.meet(process);
}
