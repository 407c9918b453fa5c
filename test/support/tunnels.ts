import type { TestContext } from "node:test";
import type { DeviceStatus, TunnelStatus } from "#src/core/tunnel/tunnel-status.js";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, type RunningDaemon, type StartDaemon, startDaemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { startHere } from "./in-process.js";
import { isListening } from "./proxy-process.js";
import { statJson } from "./stat-json.js";
import { until } from "./wait.js";

/** A daemon as tunnel server. */
export interface TunnelServer<D extends RunningDaemon = RunningDaemon> {
  readonly daemon: D;
  readonly config: ConfigFile;
  /** The port for devices. */
  readonly port: number;
  /** The ports for clients, one for each service. */
  readonly hosts: readonly number[];
  /** Waits until the ports for clients are open, or closed. */
  listens(listening?: boolean, withinMs?: number): Promise<void>;
  status(): Promise<TunnelStatus>;
}

/** A daemon as tunnel device. */
export interface TunnelDevice<D extends RunningDaemon = RunningDaemon> {
  readonly daemon: D;
  status(): Promise<DeviceStatus>;
}

/** Starts the ends of a tunnel: both in the test's process, or each in a process of its own. */
interface Starters<D extends RunningDaemon> {
  /**
   * Starts a daemon as tunnel server. The end of the test stops the daemon.
   *
   * @param services the exposed services, each `address:port`
   * @param options `options`: the options of the line, behind EXPOSE
   */
  readonly startServer: (
    t: TestContext,
    services: readonly string[],
    options?: { readonly options?: string; readonly sections?: string },
  ) => Promise<TunnelServer<D>>;
  /**
   * Starts a daemon as tunnel device. The end of the test stops the daemon.
   *
   * @param server the port of the server
   * @param allow the value of `allow`; undefined leaves the key out
   */
  readonly startDevice: (
    t: TestContext,
    server: number,
    allow?: readonly string[],
    sections?: string,
  ) => Promise<TunnelDevice<D>>;
  /**
   * Starts both ends of a tunnel and waits until clients can connect. The end of the test stops both.
   *
   * @param services the exposed and allowed services, each `address:port`
   * @param options `allow`: the allowed services, where they differ from the exposed ones; `through` returns the port where
   * the device finds the server, for a relay between both
   */
  readonly startTunnel: (
    t: TestContext,
    services: readonly string[],
    options?: { allow?: readonly string[]; options?: string; through?: (port: number) => Promise<number> },
  ) => Promise<{ server: TunnelServer<D>; device: TunnelDevice<D> }>;
}

function startersBy<D extends RunningDaemon>(start: StartDaemon<D>): Starters<D> {
  async function startConfigured(t: TestContext, text: string): Promise<{ config: ConfigFile; daemon: D }> {
    const config = new ConfigFile(text);
    const daemon = await start("-c", config.path);
    t.after(() => daemon.discard());
    return { config, daemon };
  }
  const starters: Starters<D> = {
    async startServer(t, services, { options = "", sections = "" } = {}) {
      const port = await freePort();
      const hosts: number[] = [];
      for (const _ of services) hosts.push(await freePort());
      const exposed = services.map((service, index) => `127.0.0.1:${hosts[index]}>${service}`).join(" ");
      const line = `${port}=EXPOSE ${exposed} ${options}`.trim();
      const { config, daemon } = await startConfigured(t, `[tunnel]\n${line}\n${sections}`);
      return {
        daemon,
        config,
        port,
        hosts,
        listens: (listening = true, withinMs) =>
          until(
            () => hosts.every((host) => isListening(host) === listening),
            `the host ports to be ${listening ? "open" : "closed"}`,
            withinMs,
          ),
        status: async () => {
          const tunnel = (await statJson(daemon.port)).tunnels.find((each) => each.port === port);
          if (tunnel === undefined) throw new Error(`STAT tells nothing of port ${port}`);
          return tunnel;
        },
      };
    },

    async startDevice(t, server, allow, sections = "") {
      const allowed = allow === undefined ? "" : `allow=${allow.join(", ")}\n`;
      const { daemon } = await startConfigured(t, `[device]\nserver=127.0.0.1:${server}\n${allowed}${sections}`);
      return {
        daemon,
        status: async () => {
          const device = (await statJson(daemon.port)).devices.find((each) => each.server === `127.0.0.1:${server}`);
          if (device === undefined) throw new Error(`STAT tells nothing of the device of port ${server}`);
          return device;
        },
      };
    },

    async startTunnel(t, services, { allow = services, options = "", through = async (port: number) => port } = {}) {
      const server = await starters.startServer(t, services, { options });
      const device = await starters.startDevice(t, await through(server.port), allow);
      await server.listens();
      return { server, device };
    },
  };
  return starters;
}

export const { startServer, startDevice, startTunnel } = startersBy(startHere);

/** The same, with each end in a process of its own. */
export const processes: Starters<DaemonProcess> = startersBy(startDaemon);
