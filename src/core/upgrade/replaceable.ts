/** What is known of this process and of its parent. */
export interface ProcessPlace {
  readonly pid: number;
  readonly parentPid: number;
  /** The name of the parent's program (`/proc/PID/comm`); empty: unknown. */
  readonly parent: string;
  /** Whether the one that has started it is gone, so that nobody waits for its end: behind an init script, and after an upgrade. */
  readonly isOrphan: boolean;
  /** Whether the service manager hears messages of the daemon (`Type=notify`). */
  readonly tellsManager: boolean;
  /** `SYSTEMD_EXEC_PID`: the process that systemd has started, where it has (systemd.exec(5), since version 248). */
  readonly systemdPid: string | undefined;
}

/** First processes of a machine, which adopt what has lost its parent, and let it end. */
const INIT = new Set(["systemd", "init", "openrc-init", "runit", "busybox", "launchd"]);
/** Programs that start a process again, or end with it, when it ends. */
const WATCHERS = new Set([
  ...["procd", "runsv", "s6-supervise", "supervise", "supervisord", "pm2", "circusd", "supervise-daemon"],
  ...["containerd-shim", "docker-init", "tini", "dumb-init", "catatonit", "conmon"],
]);

/**
 * Why another process cannot take the place of this one; undefined: it can. Who watches a process takes its end for a failure, unless it can be
 * told of the new one.
 */
export function irreplaceable({
  pid,
  parentPid,
  parent,
  isOrphan,
  tellsManager,
  systemdPid,
}: ProcessPlace): string | undefined {
  if (pid === 1) return "the daemon is process 1 of a container, which ends with it: start the container again";
  if (tellsManager || isOrphan) return undefined;
  if (systemdPid === String(pid))
    return "systemd has started the daemon by a unit that is not Type=notify, and would take its end for a failure: restart it";
  if (parentPid === 1 && parent !== "" && !INIT.has(parent))
    return `the daemon belongs to process 1 (${parent}) of a container, which watches it: start the container again`;
  if (WATCHERS.has(parent))
    return `${parent} watches the process of the daemon, and would take its end for a failure: restart it`;
  return undefined;
}
