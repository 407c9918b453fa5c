import { KeyedLines } from "../core/collections/keyed-lines.js";
import type { DeviceValues, Settings, TunnelLine } from "../core/config/settings.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import { TARGET_IS_DAEMON } from "../core/net/loop-rules.js";
import { type Gathering, gatherEach, type NamedLine, type WantedLines } from "../core/status/gathering.js";
import { DEFAULT_TUNNEL_OPTIONS, type TunnelOptions } from "../core/tunnel/tunnel-options.js";
import type { DeviceStatus, TunnelStatus } from "../core/tunnel/tunnel-status.js";
import { identityIn } from "../core/tunnel/tunnel-tls.js";
import { AllowedServices } from "./allowed-services.js";
import { DeviceSlot, type SlotRules } from "./device-slot.js";
import type { TunnelContext } from "./tunnel-context.js";
import { type DeviceRules, TunnelDevice } from "./tunnel-device.js";
import { TunnelServer } from "./tunnel-server.js";

/** `[device]`, or `[device NAME]`. */
type DeviceSection = DeviceValues & { readonly name?: string };

/** A section as the device of one of its servers. */
interface DeviceOfServer {
  readonly section: DeviceSection;
  readonly server: HostPort;
}

/** This machine as a device, and what that is called by. */
interface NamedDevice extends NamedLine {
  readonly device: TunnelDevice;
}

/** A device that a line expects, and everything that decides whether it stays through a reload. */
interface ExpectedDevice {
  readonly rules: SlotRules;
  readonly tunnel: Omit<TunnelOptions, "devices">;
  readonly secret: string | undefined;
}

const { probeMs, stallMs } = DEFAULT_TUNNEL_OPTIONS;
const MAX_DEVICES = 64; // that TCPR starts: each keeps a link for ever

/** All tunnels of the daemon. It is the server of lines of `[tunnel]`, and the device of `[device]` and TCPR. */
export class TunnelLines {
  readonly #servers = new KeyedLines<TunnelLine, TunnelServer>(
    ({ port, name, route }) => JSON.stringify([port, name, route]),
    (line) => {
      const slots = slotsOf(line).map((slot) => this.#slots.of(slot));
      return new TunnelServer(line, slots, this.#context);
    },
  );
  /** The places of devices. They outlive a change of the line that does not concern them. */
  readonly #slots = new KeyedLines<ExpectedDevice, DeviceSlot>(
    (device) => JSON.stringify(device),
    ({ rules }) => new DeviceSlot(rules, this.#context),
  );
  /** The devices of `[device]` sections: one for each server. */
  readonly #devices = new KeyedLines<DeviceOfServer, TunnelDevice>(
    ({ section, server }) => JSON.stringify([section.name, server, section.deviceAllow, this.#credentialsOf(section)]),
    (device) => this.#deviceOf(device),
  );
  /** The devices that TCPR has started, by server and service. */
  readonly #started = new Map<string, TunnelDevice>();
  #context: TunnelContext;

  constructor(context: TunnelContext) {
    this.#context = context;
  }

  /** What STAT shows of each line and device that is wanted. */
  *gather(wanted: WantedLines): Gathering<{ readonly tunnels: TunnelStatus[]; readonly devices: DeviceStatus[] }> {
    return {
      tunnels: yield* gatherEach(this.#servers.all.filter(wanted), ({ status }) => status),
      devices: yield* gatherEach(this.devices.filter(wanted), ({ device }) => device.status),
    };
  }

  /** The lines of `[tunnel]`. */
  get servers(): readonly NamedLine[] {
    return this.#servers.all;
  }

  /** The devices that this machine is, one for each server. */
  get devices(): NamedDevice[] {
    return [...this.#devices.all, ...this.#started.values()].map((device) => {
      const { name, server } = device.rules;
      const text = formatHostPort(server);
      return { lineNames: [name ?? text, text], device };
    });
  }

  /** Whether no client uses a link. */
  get isIdle(): boolean {
    const links = this.devices.map(({ device }) => device.status.link);
    const counts = [...this.#slots.all.map(({ clientCount }) => clientCount), ...links.map((link) => link?.clients)];
    return counts.every((count = 0) => count === 0);
  }

  /** Replaces the settings. Lines that stay as they are keep their links. */
  configure(settings: Settings, context: TunnelContext): void {
    this.#context = context;
    const gone = [
      ...this.#servers.replace(settings.tunnel).values(),
      ...this.#slots.replace(settings.tunnel.flatMap(slotsOf)).values(),
    ];
    for (const each of gone) each.close("its line is gone from the configuration");
    for (const device of this.#devices.replace(devicesOf(settings)).values()) {
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
    const rules = this.#rulesOf(this.#context.settings, server, AllowedServices.only(service));
    this.#started.set(key, new TunnelDevice(rules, this.#context));
    return undefined;
  }

  /** Closes all tunnels. */
  close(reason: string): void {
    for (const each of [...this.#servers.all, ...this.#slots.all]) each.close(reason);
    for (const device of [...this.#devices.replace([]).values(), ...this.#started.values()]) device.close(reason);
    this.#started.clear();
  }

  #deviceOf({ section, server }: DeviceOfServer): TunnelDevice {
    const { name, deviceAllow } = section;
    const rules = this.#rulesOf(section, server, new AllowedServices(deviceAllow));
    return new TunnelDevice({ ...rules, ...(name !== undefined && { name }) }, this.#context);
  }

  /** The rules of a device of this server, with the credentials of its section; TCPR takes those of `[device]`. */
  #rulesOf(section: DeviceValues, server: HostPort, services: AllowedServices): DeviceRules {
    return { server, services, probeMs, stallMs, ...this.#credentialsOf(section) };
  }

  #credentialsOf(section: DeviceValues): Pick<DeviceRules, "tls" | "secret" | "deviceName"> {
    const { deviceTls, deviceAuthority, deviceCertificate, deviceKey, deviceSecret, deviceName } = section;
    if (deviceTls.kind === "none") return {};
    const own = { authority: deviceAuthority, certificate: deviceCertificate, key: deviceKey };
    const identity = this.#context.settings.tlsIdentities.find(({ name }) => name === identityIn(deviceTls));
    return {
      tls: identity ?? own,
      ...(deviceSecret !== "" && { secret: deviceSecret }),
      ...(deviceName !== "" && { deviceName }),
    };
  }
}

/** The devices that this machine is: of each server of each section. */
function devicesOf(settings: Settings): DeviceOfServer[] {
  const sections: DeviceSection[] = [settings, ...settings.namedDevices];
  return sections.flatMap((section) => section.deviceServers.map((server) => ({ section, server })));
}

/** The devices that a line expects: those it names, or one without a name. */
function slotsOf({ port, name, route }: TunnelLine): ExpectedDevice[] {
  const { devices, ...tunnel } = route.tunnel;
  const line = { port, ...(name !== undefined && { name }) };
  const named = devices.length === 0 ? [{ name: undefined, secret: undefined }] : devices;
  return named.map(({ name: device, secret }) => {
    const exposures = route.exposures.filter((exposure) => exposure.device === device);
    return { rules: { line, device, exposures, options: route.options, resumeMs: tunnel.resumeMs }, tunnel, secret };
  });
}
