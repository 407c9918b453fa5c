import { KeyedLines } from "../core/collections/keyed-lines.js";
import type { Settings, TunnelLine } from "../core/config/settings.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { TARGET_IS_DAEMON } from "../core/net/loop-rules.js";
import { DEFAULT_TUNNEL_OPTIONS } from "../core/tunnel/tunnel-options.js";
import type { DeviceStatus, TunnelStatus } from "../core/tunnel/tunnel-status.js";
import { AllowedServices } from "./allowed-services.js";
import type { TunnelContext } from "./tunnel-context.js";
import { type DeviceRules, TunnelDevice } from "./tunnel-device.js";
import { TunnelServer } from "./tunnel-server.js";

const { probeMs, stallMs } = DEFAULT_TUNNEL_OPTIONS;
const MAX_DEVICES = 64; // begun by TCPR: each keeps a link for ever

/** All tunnels of the daemon: lines of `[tunnel]`, where it is the server; `[device]` and TCPR, where it is the device. */
export class TunnelLines {
  readonly #servers = new KeyedLines<TunnelLine, TunnelServer>(
    ({ port, text }) => `${port} ${text}`,
    ({ port, route }) => new TunnelServer(port, route, this.#context),
  );
  /** By what they were begun for. */
  readonly #devices = new Map<string, TunnelDevice>();
  #configured = "";
  #context: TunnelContext;

  constructor(context: TunnelContext) {
    this.#context = context;
  }

  get status(): { readonly tunnels: TunnelStatus[]; readonly devices: DeviceStatus[] } {
    return {
      tunnels: this.#servers.all.map(({ status }) => status),
      devices: [...this.#devices.values()].map(({ status }) => status),
    };
  }

  /** Works by these settings from now on. Lines that stay as they are keep their links. */
  configure(settings: Settings, context: TunnelContext): void {
    this.#context = context;
    const gone = this.#servers.replace(settings.tunnel);
    for (const server of gone.values()) server.close("its line is gone from the configuration");
    this.#configureDevice(settings);
  }

  /** The server of a line, of one that a reload is about to bring in, too. */
  of(line: TunnelLine): TunnelServer {
    return this.#servers.of(line);
  }

  /**
   * Begins to be the device of a server, for one service (TCPR).
   *
   * @returns why not; nothing when it has begun, or had before
   */
  begin(server: HostPort, service: HostPort): string | undefined {
    const itself = [server, service].find(({ host, port }) => this.#context.own.isOffLimits(host, port)); // names are found out when dialled
    if (itself !== undefined) return `${formatHostPort(itself)}: ${TARGET_IS_DAEMON}`;
    const key = JSON.stringify([server, service]);
    if (this.#devices.has(key)) return undefined;
    if (this.#devices.size >= MAX_DEVICES) return `${MAX_DEVICES} links are kept already`;
    const rules = deviceRules(this.#context.settings, server, AllowedServices.only(service));
    this.#devices.set(key, new TunnelDevice(rules, this.#context));
    return undefined;
  }

  /** Ends all of them. */
  close(reason: string): void {
    for (const server of this.#servers.all) server.close(reason);
    for (const device of this.#devices.values()) device.close(reason);
    this.#devices.clear();
  }

  #configureDevice(settings: Settings): void {
    const { deviceServer, deviceAllow } = settings;
    const wanted = deviceServer === undefined ? "" : JSON.stringify([deviceServer, deviceAllow, proofsOf(settings)]);
    if (wanted === this.#configured) return;
    this.#devices.get(this.#configured)?.close("the configuration has changed");
    this.#devices.delete(this.#configured);
    this.#configured = wanted;
    if (deviceServer === undefined) return;
    const rules = deviceRules(settings, deviceServer, new AllowedServices(deviceAllow));
    this.#devices.set(wanted, new TunnelDevice(rules, this.#context));
  }
}

/** A device of this server; how it proves who it is, and what it wants of the server, is for all the same. */
function deviceRules(settings: Settings, server: HostPort, services: AllowedServices): DeviceRules {
  return { server, services, probeMs, stallMs, ...proofsOf(settings) };
}

function proofsOf(settings: Settings): Pick<DeviceRules, "tls" | "secret"> {
  const { deviceTls, deviceAuthority, deviceCertificate, deviceKey, deviceSecret } = settings;
  return {
    ...(deviceTls && { tls: { authority: deviceAuthority, certificate: deviceCertificate, key: deviceKey } }),
    ...(deviceTls && deviceSecret !== "" && { secret: deviceSecret }),
  };
}
