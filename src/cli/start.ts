import { env, pid } from "node:process";
import type { LoadedConfig } from "../core/config/settings.js";
import { UPGRADE_VARIABLE } from "../core/upgrade/upgrade-variable.js";
import type { Daemon } from "../daemon/daemon.js";
import type { Log } from "../log/log.js";
import { NO_SUPERVISOR, type Supervisor } from "../supervisor/supervisor.js";
import type { Clock } from "../system/clock.js";
import { keepHeapSmall } from "../system/small-heap.js";
import type { PredecessorProcess } from "../upgrade/predecessor-process.js";
import { type Complain, failed, misused, type Started } from "./outcome.js";

/**
 * Starts a daemon. Loads the program of the daemon only now: a wrong command line, `--help` and `--check` are quicker without.
 *
 * @param load reads the configuration; called again for a reload
 */
export async function start(load: () => LoadedConfig, complain: Complain): Promise<Started> {
  const predecessor = await meetPredecessor();
  const { settings, problems, warnings = [] } = load();
  if (problems.length > 0) {
    predecessor?.failed(problems.join("; "));
    return misused(...problems);
  }
  const { Daemon, openLog, stdout, systemClock } = await import("./daemon-parts.js");
  let log: Log;
  try {
    log = openLog(settings, complain);
  } catch (error) {
    const message = `cannot write log file ${settings.log}: ${(error as Error).message}`;
    predecessor?.failed(message);
    return misused(message);
  }
  let daemon: Daemon;
  try {
    daemon = new Daemon(settings, load, systemClock, log, stdout(), await supervisorOf(log, systemClock, predecessor));
    process.on("SIGUSR1", () => daemon.reopenFiles()); // a log that is moved away while it starts is opened again, too
    await daemon.start();
    keepHeapSmall();
  } catch (error) {
    log.error((error as Error).message);
    predecessor?.failed((error as Error).message);
    await log.flush();
    return failed(...(settings.log === "-" ? [] : [(error as Error).message]));
  }
  for (const warning of warnings) log.warn(warning); // they are about what runs now
  return { kind: "running", daemon, log };
}

/** The program that has started this one and wants to hear of it, such as systemd. */
async function supervisorOf(log: Log, clock: Clock, predecessor?: PredecessorProcess): Promise<Supervisor | undefined> {
  const manager = await managerOf(log, clock, predecessor !== undefined);
  if (predecessor === undefined) return manager;
  return {
    ...(manager ?? NO_SUPERVISOR),
    predecessor,
    async started() {
      await manager?.started();
      predecessor.started();
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
  return env[UPGRADE_VARIABLE] !== undefined && process.connected;
}

/** The process whose place this one takes, where that has started it. */
async function meetPredecessor(): Promise<PredecessorProcess | undefined> {
  if (!isSuccessor()) return undefined;
  delete env[UPGRADE_VARIABLE]; // meant for this process alone
  return (await import("../upgrade/predecessor-process.js")).PredecessorProcess.meet(process);
}
