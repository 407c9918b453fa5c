// What a running daemon consists of, in one module that start.ts loads late.

export { Daemon } from "../daemon/daemon.js";
export { openLog } from "../log/log.js";
export { stdout } from "../monitor/console.js";
export { systemClock } from "../system/clock.js";
