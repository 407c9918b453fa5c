import { KeyedLines } from "../core/collections/keyed-lines.js";
import type { DeviceValues, Settings, TunnelLine } from "../core/config/settings.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { TARGET_IS_DAEMON } from "../core/net/loop-rules.js";
import { DEFAULT_TUNNEL_OPTIONS } from "../core/tunnel/tunnel-options.js";
import type { DeviceStatus, TunnelStatus } from "../core/tunnel/tunnel-status.js";
import { AllowedServices } from "./allowed-services.js";
import type { TunnelContext } from "./tunnel-context.js";
import { type DeviceRules, TunnelDevice } from "./tunnel-device.js";
import { TunnelServer } from "./tunnel-server.js";

/** `[device]`, or `[device NAME]`. */
type DeviceSection = DeviceValues & { readonly name?: string };

const { probeMs, stallMs } = DEFAULT_TUNNEL_OPTIONS;
const MAX_DEVICES = 64; // that TCPR starts: each keeps a link for ever

/** All tunnels of the daemon. It is the server of lines of `[tunnel]`, and the device of `[device]` and TCPR. */
export class TunnelLines {
  readonly #servers = new KeyedLines<TunnelLine, TunnelServer>(
    ({ port, name, route }) => JSON.stringify([port, name, route]),
    (line) => new TunnelServer(line, this.#context),
  );
  /** The devices of `[device]` sections. */
  readonly #devices = new KeyedLines<DeviceSection, TunnelDevice>(
    (section) => JSON.stringify([section.name, section.deviceServer, section.deviceAllow, credentialsOf(section)]),
    (section) => this.#deviceOf(section),
  );
  /** The devices that TCPR has started, by server and service. */
  readonly #started = new Map<string, TunnelDevice>();
  #context: TunnelContext;

  constructor(context: TunnelContext) {
    this.#context = context;
  }

  get status(): { readonly tunnels: TunnelStatus[]; readonly devices: DeviceStatus[] } {
    return {
      tunnels: this.#servers.all.map(({ status }) => status),
      devices: [...this.#devices.all, ...this.#started.values()].map(({ status }) => status),
    };
  }

  /** Replaces the settings. Lines that stay as they are keep their links. */
  configure(settings: Settings, context: TunnelContext): void {
    this.#context = context;
    const gone = this.#servers.replace(settings.tunnel);
    for (const server of gone.values()) server.close("its line is gone from the configuration");
    const sections = [...(settings.deviceServer === undefined ? [] : [settings]), ...settings.namedDevices];
    for (const device of this.#devices.replace(sections).values()) {
      device.close("the configuration has changed");
    }
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
    if (this.#started.has(key)) return undefined;
    if (this.#started.size >= MAX_DEVICES) return `${MAX_DEVICES} links are kept already`;
    const rules = deviceRules(this.#context.settings, server, AllowedServices.only(service));
    this.#started.set(key, new TunnelDevice(rules, this.#context));
    return undefined;
  }

  /** Closes all tunnels. */
  close(reason: string): void {
    for (const server of this.#servers.all) server.close(reason);
    for (const device of [...this.#devices.replace([]).values(), ...this.#started.values()]) device.close(reason);
    this.#started.clear();
  }

  #deviceOf(section: DeviceSection): TunnelDevice {
    const { name, deviceServer, deviceAllow } = section;
    if (deviceServer === undefined) throw new Error("a [device] section without a server is no device");
    const rules = deviceRules(section, deviceServer, new AllowedServices(deviceAllow));
    return new TunnelDevice({ ...rules, ...(name !== undefined && { name }) }, this.#context);
  }
}

/** The rules of a device of this server, with the credentials of its section; TCPR takes those of `[device]`. */
function deviceRules(section: DeviceValues, server: HostPort, services: AllowedServices): DeviceRules {
  return { server, services, probeMs, stallMs, ...credentialsOf(section) };
}

function credentialsOf(section: DeviceValues): Pick<DeviceRules, "tls" | "secret"> {
  const { deviceTls, deviceAuthority, deviceCertificate, deviceKey, deviceSecret } = section;
  return {
    ...(deviceTls && { tls: { authority: deviceAuthority, certificate: deviceCertificate, key: deviceKey } }),
    ...(deviceTls && deviceSecret !== "" && { secret: deviceSecret }),
  };
}
