/**
 * How often to tell the service manager that the daemon lives, in milliseconds: twice in the time it waits (sd_watchdog_enabled(3)). Undefined: it
 * does not ask us.
 */
export function watchdogPeriodMs(env: Readonly<Record<string, string | undefined>>, pid: number): number | undefined {
  const { WATCHDOG_USEC = "", WATCHDOG_PID = String(pid) } = env;
  const limitUs = /^\d+$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) : 0;
  return limitUs > 0 && WATCHDOG_PID === String(pid) ? Math.max(1, Math.floor(limitUs / 2000)) : undefined;
}
