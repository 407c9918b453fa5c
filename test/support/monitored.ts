import type { TestContext } from "node:test";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, type RunningDaemon, type StartDaemon, startDaemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { startHere } from "./in-process.js";
import { Output } from "./shown.js";
import { otherConnections } from "./stat-json.js";

/** A daemon whose standard output the test reads. */
export interface Monitored<D extends RunningDaemon = RunningDaemon> {
  readonly daemon: D;
  /** The ports of its `[direct]` or `[mux]` lines, in their order. */
  readonly ports: readonly number[];
  readonly port: number;
  readonly output: Output;
}

interface MonitoredOptions {
  /** `direct` or `mux` */
  readonly section?: string;
  readonly sections?: string;
  readonly args?: readonly string[];
}

/**
 * Starts a daemon with such lines. The end of the test stops the daemon.
 *
 * @param lines the text behind `port=`, for each line
 */
export function startMonitored(
  t: TestContext,
  lines: string | readonly string[] = [],
  options: MonitoredOptions = {},
): Promise<Monitored> {
  return startMonitoredBy(startHere, t, lines, options);
}

/** As {@link startMonitored}, with the daemon in a process of its own. */
export function startMonitoredProcess(
  t: TestContext,
  lines: string | readonly string[] = [],
  options: MonitoredOptions = {},
): Promise<Monitored<DaemonProcess>> {
  return startMonitoredBy(startDaemon, t, lines, options);
}

async function startMonitoredBy<D extends RunningDaemon>(
  start: StartDaemon<D>,
  t: TestContext,
  lines: string | readonly string[],
  { section = "direct", sections = "", args = [] }: MonitoredOptions,
): Promise<Monitored<D>> {
  const ports: number[] = [];
  let text = `[${section}]\n`;
  for (const line of [lines].flat()) {
    const port = await freePort();
    ports.push(port);
    text += `${port}=${line}\n`;
  }
  const daemon = await start("-c", new ConfigFile(text + sections).path, ...args);
  t.after(() => daemon.discard());
  return { daemon, ports, port: ports[0] ?? 0, output: new Output(daemon.stdout) };
}

/** The ids of a daemon's connections in STAT JSON, by the address of the client; without the connection that asks. */
export async function connectionIds(daemon: RunningDaemon): Promise<Map<string, string>> {
  return new Map((await otherConnections(daemon.port)).map((each) => [`${each.client}:${each.clientPort}`, each.id]));
}
