import type { TestContext } from "node:test";
import type { MuxStatus } from "#src/core/mux/mux-status.js";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, type RunningDaemon, type StartDaemon, startDaemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { startHere } from "./in-process.js";
import { statJson } from "./stat-json.js";
import { until } from "./wait.js";

/** A daemon with mux lines. */
export interface Mux<D extends RunningDaemon = RunningDaemon> {
  readonly daemon: D;
  readonly config: ConfigFile;
  /** The ports for clients: of the first line, and of all lines. */
  readonly port: number;
  readonly ports: readonly number[];
  /** The entry of a port in STAT JSON. */
  status(port?: number): Promise<MuxStatus>;
  /** Waits until the line has so many requests, waiting and outstanding ones together. */
  holds(requests: number): Promise<void>;
}

/** The lines of a `[mux]` section. */
export function muxSection(lines: Readonly<Record<number, string>>): string {
  return `[mux]\n${Object.entries(lines)
    .map(([port, line]) => `${port}=${line}\n`)
    .join("")}`;
}

interface MuxOptions {
  readonly args?: readonly string[];
  readonly sections?: string;
}

/**
 * Starts a daemon with such lines. The end of the test stops the daemon.
 *
 * @param lines the text behind `port=`: target and options
 */
export function startMux(t: TestContext, lines: string | readonly string[], options: MuxOptions = {}): Promise<Mux> {
  return startMuxBy(startHere, t, lines, options);
}

/** As {@link startMux}, the daemon being a process of its own. */
export function startMuxProcess(
  t: TestContext,
  lines: string | readonly string[],
  options: MuxOptions = {},
): Promise<Mux<DaemonProcess>> {
  return startMuxBy(startDaemon, t, lines, options);
}

async function startMuxBy<D extends RunningDaemon>(
  start: StartDaemon<D>,
  t: TestContext,
  lines: string | readonly string[],
  { args = [], sections = "" }: MuxOptions,
): Promise<Mux<D>> {
  const table: Record<number, string> = {};
  const ports: number[] = [];
  for (const line of [lines].flat()) {
    const port = await freePort();
    ports.push(port);
    table[port] = line;
  }
  const config = new ConfigFile(muxSection(table) + sections);
  const daemon = await start("-c", config.path, ...args);
  t.after(() => daemon.discard());
  const [first = 0] = ports;
  const status = async (port = first): Promise<MuxStatus> => {
    const { muxes } = await statJson(daemon.port);
    const mux = muxes.find((each) => each.port === port);
    if (mux === undefined) throw new Error(`STAT tells nothing of port ${port}`);
    return mux;
  };
  return {
    daemon,
    config,
    port: first,
    ports,
    status,
    holds: (requests) =>
      until(async () => {
        const { waiting, outstanding } = await status();
        return waiting + outstanding === requests;
      }, `the mux to hold ${requests} requests`),
  };
}
