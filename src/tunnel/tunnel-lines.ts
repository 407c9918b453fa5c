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
const MAX_DEVICES = 64; // with those that TCPR starts: each keeps a link for ever

/** All tunnels of the daemon. It is the server of lines of `[tunnel]`, and the device of `[device]` and TCPR. */
export class TunnelLines {
  readonly #servers = new KeyedLines<TunnelLine, TunnelServer>(
    ({ port, text }) => `${port} ${text}`,
    ({ port, route }) => new TunnelServer(port, route, this.#context),
  );
  /** By server, and what the device is for. */
  readonly #devices = new Map<string, TunnelDevice>();
  #configuredKey = "";
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

  /** Replaces the settings. Lines that stay as they are keep their links. */
  configure(settings: Settings, context: TunnelContext): void {
    this.#context = context;
    const gone = this.#servers.replace(settings.tunnel);
    for (const server of gone.values()) server.close("its line is gone from the configuration");
    this.#configureDevice(settings);
  }

  /** The server of a line; also of a line that a reload is about to add. */
  of(line: TunnelLine): TunnelServer {
    return this.#servers.of(line);
  }

  /**
   * Starts a device of this server, for one service (TCPR).
   *
   * @returns why it cannot; undefined when the device runs, now or since before
   */
  startDevice(server: HostPort, service: HostPort): string | undefined {
    const itself = [server, service].find(({ host, port }) => this.#context.own.isOffLimits(host, port)); // a name is checked when it is dialled
    if (itself !== undefined) return `${formatHostPort(itself)}: ${TARGET_IS_DAEMON}`;
    const key = JSON.stringify([server, service]);
    if (this.#devices.has(key)) return undefined;
    if (this.#devices.size >= MAX_DEVICES) return `${MAX_DEVICES} links are kept already`;
    const rules = deviceRules(this.#context.settings, server, AllowedServices.only(service));
    this.#devices.set(key, new TunnelDevice(rules, this.#context));
    return undefined;
  }

  /** Closes all tunnels. */
  close(reason: string): void {
    for (const server of this.#servers.all) server.close(reason);
    for (const device of this.#devices.values()) device.close(reason);
    this.#devices.clear();
  }

  #configureDevice(settings: Settings): void {
    const { deviceServer, deviceAllow } = settings;
    const wanted =
      deviceServer === undefined ? "" : JSON.stringify([deviceServer, deviceAllow, credentialsOf(settings)]);
    if (wanted === this.#configuredKey) return;
    this.#devices.get(this.#configuredKey)?.close("the configuration has changed");
    this.#devices.delete(this.#configuredKey);
    this.#configuredKey = wanted;
    if (deviceServer === undefined) return;
    const rules = deviceRules(settings, deviceServer, new AllowedServices(deviceAllow));
    this.#devices.set(wanted, new TunnelDevice(rules, this.#context));
  }
}

/** The rules of a device of this server. All devices share the credentials of `[device]`. */
function deviceRules(settings: Settings, server: HostPort, services: AllowedServices): DeviceRules {
  return { server, services, probeMs, stallMs, ...credentialsOf(settings) };
}

function credentialsOf(settings: Settings): Pick<DeviceRules, "tls" | "secret"> {
  const { deviceTls, deviceAuthority, deviceCertificate, deviceKey, deviceSecret } = settings;
  return {
    ...(deviceTls && { tls: { authority: deviceAuthority, certificate: deviceCertificate, key: deviceKey } }),
    ...(deviceTls && deviceSecret !== "" && { secret: deviceSecret }),
  };
}
