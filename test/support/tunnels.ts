import type { TestContext } from "node:test";
import { ConfigFile } from "./config.js";
import { type DaemonProcess, startDaemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { greet } from "./net.js";
import { isListening } from "./proxy-process.js";
import { until } from "./wait.js";

/** One member of `tunnels` in STAT JSON. */
export interface TunnelStatus {
  readonly port: number;
  readonly exposed: readonly string[];
  readonly listening: boolean;
  /** Undefined without a link. */
  readonly link?: LinkStatus;
  readonly links: number;
  readonly clients: number;
  readonly refused: number;
  readonly stalled: number;
  readonly turnedAway: number;
  readonly received: number;
  readonly sent: number;
}

/** The link in STAT JSON. */
export interface LinkStatus {
  readonly address: string;
  readonly ageMs: number;
  readonly clients: number;
  readonly received: number;
  readonly sent: number;
}

/** One member of `devices` in STAT JSON. */
export interface DeviceStatus {
  readonly server: string;
  readonly services: string;
  readonly received: number;
  readonly sent: number;
  readonly connected: boolean;
  readonly refused: number;
  /** Undefined without a link. */
  readonly link?: LinkStatus;
}

/** The tunnel part of STAT JSON. */
export interface Told {
  readonly tunnels: readonly TunnelStatus[];
  readonly devices: readonly DeviceStatus[];
}

/** Asks a daemon for STAT JSON. */
export async function told(daemon: DaemonProcess): Promise<Told> {
  const { client } = await greet(daemon.port);
  client.write("STAT JSON\n");
  const answer = JSON.parse(await client.line()) as Told;
  client.destroy();
  return answer;
}

/** A daemon as tunnel server. */
export interface TunnelServer {
  readonly daemon: DaemonProcess;
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
export interface TunnelDevice {
  readonly daemon: DaemonProcess;
  status(): Promise<DeviceStatus>;
}

async function startConfigured(t: TestContext, text: string): Promise<{ config: ConfigFile; daemon: DaemonProcess }> {
  const config = new ConfigFile(text);
  const daemon = await startDaemon("-c", config.path);
  t.after(() => daemon.stop("SIGKILL"));
  return { config, daemon };
}

/**
 * Starts a daemon as tunnel server. The end of the test stops the daemon.
 *
 * @param services the exposed services, each `address:port`
 * @param options the options of the line, behind EXPOSE
 */
export async function startServer(
  t: TestContext,
  services: readonly string[],
  { options = "", sections = "" } = {},
): Promise<TunnelServer> {
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
      const tunnel = (await told(daemon)).tunnels.find((each) => each.port === port);
      if (tunnel === undefined) throw new Error(`STAT tells nothing of port ${port}`);
      return tunnel;
    },
  };
}

/**
 * Starts a daemon as tunnel device. The end of the test stops the daemon.
 *
 * @param server the port of the server
 * @param allow the value of `allow`; undefined leaves the key out
 */
export async function startDevice(
  t: TestContext,
  server: number,
  allow?: readonly string[],
  sections = "",
): Promise<TunnelDevice> {
  const allowed = allow === undefined ? "" : `allow=${allow.join(", ")}\n`;
  const { daemon } = await startConfigured(t, `[device]\nserver=127.0.0.1:${server}\n${allowed}${sections}`);
  return {
    daemon,
    status: async () => {
      const device = (await told(daemon)).devices.find((each) => each.server === `127.0.0.1:${server}`);
      if (device === undefined) throw new Error(`STAT tells nothing of the device of port ${server}`);
      return device;
    },
  };
}

/**
 * Starts both ends of a tunnel and waits until clients can connect. The end of the test stops both.
 *
 * @param services the exposed and allowed services, each `address:port`
 * @param allow the allowed services, where they differ from the exposed ones
 * @param through returns the port where the device finds the server, for a relay between both
 */
export async function startTunnel(
  t: TestContext,
  services: readonly string[],
  {
    allow = services,
    options = "",
    through = async (port: number) => port,
  }: { allow?: readonly string[]; options?: string; through?: (port: number) => Promise<number> } = {},
): Promise<{ server: TunnelServer; device: TunnelDevice }> {
  const server = await startServer(t, services, { options });
  const device = await startDevice(t, await through(server.port), allow);
  await server.listens();
  return { server, device };
}
