import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100; // USER_HZ, the unit of /proc (proc(5))

/**
 * CPU time of a process so far.
 *
 * @param {number} pid
 * @returns {number} seconds, user and system, all threads, and ended children (socat makes one per connection)
 */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the first is field 3 of proc(5)
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return (utime + stime + cutime + cstime) / TICKS_PER_SECOND;
}

/**
 * Time that a core has spent so far.
 *
 * @param {number} core
 * @returns {{ processes: number, interrupts: number, idle: number }} seconds. A part of the kernel's work on arriving
 *   segments counts as interrupts, which the kernel charges to no process
 */
export function coreSeconds(core) {
  const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(readFileSync("/proc/stat", "latin1"))?.[1];
  if (line === undefined) throw new Error(`no core ${core}`);
  const [user, nice, system, idle, iowait, irq, softirq] = line
    .split(" ")
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { processes: user + nice + system, interrupts: irq + softirq, idle: idle + iowait };
}

/**
 * Resident memory of a process.
 *
 * @param {number} pid
 * @returns {number} bytes
 */
export function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  if (kilobytes === undefined) throw new Error(`no VmRSS of process ${pid}`);
  return Number(kilobytes) * 1024;
}

/**
 * How often the main thread of a process has gone to sleep, because it had nothing to do.
 *
 * @param {number} pid
 * @returns {number} since it started
 */
export function voluntarySwitches(pid) {
  const count = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  if (count === undefined) throw new Error(`no context switches of process ${pid}`);
  return Number(count);
}

/**
 * Whether a process has running children.
 *
 * @param {number} pid
 * @returns {boolean}
 */
export function hasChildren(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim() !== "";
}
