import type { DirectRoute } from "../direct/direct-line.js";
import type { MuxRoute } from "../mux/mux-line.js";
import type { Network, TargetPattern } from "../net/access-patterns.js";
import type { HostPort } from "../net/address.js";
import type { Result } from "../parse/result.js";
import type { ServicePattern } from "../tunnel/service-rules.js";
import type { TunnelRoute } from "../tunnel/tunnel-line.js";

/** Where something listens. */
export interface Listen {
  /** The address; left out: that of `[host] ip`. `*`: all addresses. */
  readonly host?: string;
  readonly port: number;
}

/** A line of the configuration that listens: `R` is what it asks for. */
export interface PortLine<R> extends Listen {
  /** The name that its section has. */
  readonly name?: string;
  /** Where it listens besides. */
  readonly alsoListens?: readonly Listen[];
  readonly route: R;
}

/** A `[direct]` line: a port whose connections go to a remote at once. */
export type DirectLine = PortLine<DirectRoute>;

/** A `[mux]` line: a port whose connections share one device. */
export type MuxLine = PortLine<MuxRoute>;

/** A `[tunnel]` line: a port that a device connects to, so that its services can be reached from here. */
export type TunnelLine = PortLine<TunnelRoute>;

/** What the keys of the sections set. */
export interface Values {
  /** The address to listen on; `*`: all, IPv6 and IPv4. */
  readonly ip: string;
  /** The port that plugins connect to; 0: none. */
  readonly port: number;
  /** Base URL of the Luup system. */
  readonly vera: string;
  /** The log file; `-`: stderr. */
  readonly log: string;
  readonly debug: boolean;
  /** Repeated notifications for unread bytes, for connections that do not say; milliseconds, 0: off. */
  readonly renotify: number;
  /** Silence after which a peer is asked whether it is still there; milliseconds. */
  readonly keepalive: number;
  /** Who may connect to any port; empty: everybody. */
  readonly clients: readonly Network[];
  /** Who may connect as the device of a tunnel; empty: as clients. */
  readonly devices: readonly Network[];
  /** What may be connected to; empty: everything. */
  readonly targets: readonly TargetPattern[];
  /** What may not be connected to, whatever `targets` says. */
  readonly denyTargets: readonly TargetPattern[];
  /** Connections at a time; 0: as many as the descriptors last. */
  readonly maxConnections: number;
  /** Connections at a time of one client address; 0: no limit. */
  readonly maxPerClient: number;
  /** Who may stop the daemon by STOP. */
  readonly stop: "local" | "any" | "never";
  /** Who may watch messages, besides this machine. */
  readonly watch: readonly Network[];
  /** Most bytes of a monitor's file, and how many older ones are kept. */
  readonly auditSize: number;
  readonly auditFiles: number;
  /** Where alerts are posted; empty: nowhere. */
  readonly alertUrl: string;
  /** So many wrong checksums a minute are worth an alert. */
  readonly alertChecksums: number;
  /** The port of the web page; 0: none. */
  readonly webPort: number;
  /** The address it listens on; `*`: all. */
  readonly webAddress: string;
  /** The server whose clients reach services by way of this machine; nothing: none. */
  readonly deviceServer: HostPort | undefined;
  /** The services they may reach. */
  readonly deviceAllow: readonly ServicePattern[];
  readonly deviceTls: boolean;
  /** Files in PEM: the authority that signs the server's certificate, where it is not a public one; our own certificate, its key. */
  readonly deviceAuthority: string;
  readonly deviceCertificate: string;
  readonly deviceKey: string;
  /** What the server wants to hear; over TLS only. */
  readonly deviceSecret: string;
}

/** The members of {@link Values} that describe this machine as the device of a server. */
export const DEVICE_VALUES = [
  "deviceServer",
  "deviceAllow",
  "deviceTls",
  "deviceAuthority",
  "deviceCertificate",
  "deviceKey",
  "deviceSecret",
] as const;

/** What `[device]` says: which server, and how this machine proves to be the device. */
export type DeviceValues = Pick<Values, (typeof DEVICE_VALUES)[number]>;

/** A `[device NAME]` section: one of several servers. */
export interface NamedDevice extends DeviceValues {
  readonly name: string;
  readonly deviceServer: HostPort;
}

/**
 * How the lines of the log look: with the date and in UTC, or with the local time of day as the monitor prints it. There the
 * monitor tells of connections come and gone, and the log does not.
 */
export type LogStyle = "date" | "clock";

/** Everything that can be configured. */
export interface Settings extends Values {
  /** Whether the daemon ends when a line cannot listen: where one job is all that the daemon was started for. */
  readonly linesEssential: boolean;
  /** A Unix socket whose clients begin in setup mode, for those who started the daemon; empty: none. */
  readonly control: string;
  readonly logStyle: LogStyle;
  readonly direct: readonly DirectLine[];
  readonly mux: readonly MuxLine[];
  readonly tunnel: readonly TunnelLine[];
  /** Servers whose device this machine is, besides that of `[device]`. */
  readonly namedDevices: readonly NamedDevice[];
}

/** What the command line and its files lead to, and everything that is wrong with them, a line each. */
export interface LoadedConfig {
  readonly settings: Settings;
  readonly problems: readonly string[];
  /** What works, but may not be what was meant. */
  readonly warnings?: readonly string[];
  /** What a reload says besides, where there is no file that can have changed. */
  readonly reloadNote?: string;
}

/** A section of the configuration file that holds keys with values. */
export type Section = "host" | "access" | "alert" | "web" | "device";

/** A section whose lines are about a port each. */
export type PortSection = "direct" | "mux" | "tunnel";

/** One key of a section: a row of the table from which parser, defaults and `--check` are made, and the example file is checked. */
export interface Key<N extends keyof Values = keyof Values> {
  readonly section: Section;
  readonly key: string;
  /** What it sets. */
  readonly name: N;
  /** The unit of a bare number, or what the value is. */
  readonly unit: string;
  /** The values that are taken, in words; may be empty. */
  readonly range: string;
  /** Another section that takes it, too. */
  readonly alsoIn?: Section;
  /** As it would stand in the file. */
  readonly defaultText: string;
  /** What the example file says of it. */
  readonly help: string;
  parse(text: string): Result<Values[N]>;
  /** The value as it would stand in the file, secrets masked. */
  print(value: Values[N]): string;
}

/** Checks that a row's parser and printer fit what it sets. */
export function row<N extends keyof Values>(key: Key<N>): Key<N> {
  return key;
}
