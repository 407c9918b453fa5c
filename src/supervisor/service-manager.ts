import { inheritedFiles } from "../core/supervisor/inherited-socket.js";
import { watchdogPeriodMs } from "../core/supervisor/watchdog.js";
import type { Log } from "../log/log.js";
import type { Clock, Timer } from "../system/clock.js";
import { InheritedSockets } from "./inherited-sockets.js";
import { Notifications } from "./notifications.js";
import type { Supervisor } from "./supervisor.js";

/** Meant for this process alone: a child must not take them for its own. */
const VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/**
 * What the environment asks for, by the rules of systemd, which others follow: sockets that are open already (sd_listen_fds(3)), and messages about
 * start, reload, stop and life (sd_notify(3), sd_watchdog_enabled(3)). Removes its variables.
 *
 * @param isSuccessor whether another process was the main one so far: the manager is told of this one
 */
export function serviceManager(
  env: NodeJS.ProcessEnv,
  pid: number,
  clock: Clock,
  log: Log,
  isSuccessor = false,
): Supervisor {
  const asked = { ...env };
  for (const name of VARIABLES) delete env[name];
  const sockets = new InheritedSockets(inheritedFiles(asked, pid), log);
  const { NOTIFY_SOCKET: address } = asked;
  const messages = address === undefined || address === "" ? undefined : new Notifications(address, env, log);
  const periodMs = watchdogPeriodMs(asked, pid);
  const { WATCHDOG_USEC } = asked;
  let isOver = false;
  let alive: Timer | undefined;

  /** The timer belongs to the event loop: a daemon that stands still tells nothing. */
  function sayAlive(): void {
    if (messages === undefined || periodMs === undefined || isOver) return;
    if (messages.isIdle) messages.send("WATCHDOG=1");
    alive = clock.after(periodMs, sayAlive);
  }

  return {
    takeSocket: (place) => sockets.take(place),
    async started() {
      sockets.closeRest();
      const told = messages?.send(...(isSuccessor ? [`MAINPID=${pid}`] : []), "READY=1");
      sayAlive();
      if (isSuccessor && (await told) === false) throw new Error("the service manager cannot be told of this process");
    },
    reloading(over) {
      // systemd wants to know which of several reloads is over; its clock is that of hrtime
      messages?.send("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
      const ready = () => messages?.send("READY=1");
      void over.then(ready, ready);
    },
    stopping() {
      if (!isOver) messages?.sendLast("STOPPING=1");
    },
    environment: {
      ...(address !== undefined && { NOTIFY_SOCKET: address }),
      ...(WATCHDOG_USEC !== undefined && { WATCHDOG_USEC }),
    },
    handedOver() {
      isOver = true;
      alive?.cancel();
    },
    servesAgain() {
      isOver = false;
      messages?.send(`MAINPID=${pid}`, "READY=1");
      sayAlive();
    },
  };
}
