import type { DirectRoute } from "../direct/direct-line.js";
import type { EventName } from "../events/gateway-event.js";
import type { MqttBroker } from "../mqtt/mqtt-broker.js";
import type { MqttPayload, Qos } from "../mqtt/mqtt-message.js";
import type { MuxRoute } from "../mux/mux-line.js";
import type { NamePattern, Network, TargetPattern } from "../net/access-patterns.js";
import type { HostPort } from "../net/address.js";
import type { Result } from "../parse/result.js";
import type { ServicePattern } from "../tunnel/service-rules.js";
import type { TunnelRoute } from "../tunnel/tunnel-line.js";
import type { TunnelTls } from "../tunnel/tunnel-tls.js";
import type { WebhookSettings } from "../webhook/webhook-settings.js";

/** A port to listen on. */
export interface Listen {
  /** The address. `*` is all addresses; undefined is the address of `[host] ip`. */
  readonly host?: string;
  readonly port: number;
  /** Clients send datagrams (UDP); left out: they connect (TCP). */
  readonly datagrams?: boolean;
}

/** A line of the configuration that listens. `R`: the type of its route. */
export interface PortLine<R> extends Listen {
  /** The name of the section; undefined for a one-line form. */
  readonly name?: string;
  /** Further ports of the line. */
  readonly alsoListens?: readonly Listen[];
  readonly route: R;
}

/** A `[direct]` line: a port whose connections go to a remote at once. */
export type DirectLine = PortLine<DirectRoute>;

/** A `[mux]` line: a port whose connections share one device. */
export type MuxLine = PortLine<MuxRoute>;

/** A `[tunnel]` line: a port that a device connects to, so that its services can be reached from here. */
export type TunnelLine = PortLine<TunnelRoute>;

/** The time zone of the machine, or UTC. */
export type TimeZone = "local" | "utc";

/** The values of all keys. Times are in milliseconds. */
export interface Values {
  /** The address to listen on; `*`: all, IPv6 and IPv4. */
  readonly ip: string;
  /** The port that plugins connect to; 0: none. */
  readonly port: number;
  /** The `[tls NAME]` with the certificate for the clients of the proxy port, who speak TLS then; empty: they do not. */
  readonly listenTls: string;
  /** Connections to the proxy port from these networks begin with the header of a proxy; empty: none does. */
  readonly proxies: readonly Network[];
  /** The same for the web page. */
  readonly webProxies: readonly Network[];
  /** Base URL of the Luup engine. */
  readonly vera: string;
  /** The log file; `-`: stderr. */
  readonly log: string;
  readonly logFormat: LogFormat;
  readonly logLevel: LogLevel;
  /** Size at which the log file is rotated, in bytes; 0: never. */
  readonly logSize: number;
  /** Rotated log files that are kept. */
  readonly logFiles: number;
  /** As the level `debug`, whatever {@link logLevel} is. */
  readonly debug: boolean;
  /** The time zone of all times that the daemon writes. */
  readonly time: TimeZone;
  /** Interval of repeated notifications for unread bytes, for connections without RNTF; 0 is never. */
  readonly renotify: number;
  /** The `[webhook NAME]` of connections that name none; empty: none. */
  readonly webhook: string;
  /** Silence after which the daemon probes a peer. */
  readonly keepalive: number;
  /** The networks that may connect to any port; empty: everybody. */
  readonly clients: readonly Network[];
  /** The networks that may connect as the device of a tunnel; empty: the same as `clients`. */
  readonly devices: readonly Network[];
  /** The targets that clients may reach; empty: everything. */
  readonly targets: readonly TargetPattern[];
  /** The targets that nobody may reach, whatever `targets` says. */
  readonly denyTargets: readonly TargetPattern[];
  /** Most connections at a time; 0: as many as the descriptors allow. */
  readonly maxConnections: number;
  /** Most connections at a time from one client address; 0: no limit. */
  readonly maxPerClient: number;
  /** The clients that may stop the daemon by STOP. */
  readonly stop: "local" | "any" | "never";
  /** The networks that may watch messages, besides this machine. */
  readonly watch: readonly Network[];
  /** Size in bytes at which a monitor file is rotated, and the number of rotated files. */
  readonly auditSize: number;
  readonly auditFiles: number;
  /** The URL that alerts are posted to; empty: none. */
  readonly alertUrl: string;
  /** Wrong checksums in a minute that cause an alert. */
  readonly alertChecksums: number;
  /** The MQTT broker that is told; undefined: none. */
  readonly mqttBroker: MqttBroker | undefined;
  /** The login that the broker wants; empty: none. */
  readonly mqttUser: string;
  readonly mqttPassword: string;
  /** The name by which the broker knows this daemon; empty: one of its own for each start. */
  readonly mqttClientId: string;
  /** All topics of this daemon begin with it, and with a slash behind it. */
  readonly mqttPrefix: string;
  readonly mqttQos: Qos;
  /** Whether the broker is asked to keep the last message of topics that say how things are. */
  readonly mqttRetain: boolean;
  /** The section `[tls NAME]` for the broker; empty: none. */
  readonly mqttTls: string;
  readonly mqttTlsVerify: boolean;
  /** What connections publish that say nothing else. */
  readonly mqttPayload: MqttPayload;
  /** The events that are published for all lines. */
  readonly mqttEvents: readonly EventName[];
  /** Least time between two publications of the counters of a line. */
  readonly mqttCounters: number;
  readonly mqttDiscovery: "off" | "homeassistant";
  readonly mqttDiscoveryPrefix: string;
  /** The port of the web page; 0: none. */
  readonly webPort: number;
  /** The address of the web page; `*`: all. */
  readonly webAddress: string;
  /** The names by which the web page may be called, besides addresses and `localhost`. */
  readonly webNames: readonly NamePattern[];
  /** The networks that may read the web page, of those that `clients` lets in; empty: all of them. */
  readonly webClients: readonly Network[];
  /** The login that other machines need for the web page; both are empty: they need none. */
  readonly webUser: string;
  readonly webPassword: string;
  /** The networks of proxies that have checked who asks; empty: none. */
  readonly webTrustedProxy: readonly Network[];
  /** The servers whose clients reach services through this machine: it keeps a link to each; empty: none. */
  readonly deviceServers: readonly HostPort[];
  /** The services that these clients may reach. */
  readonly deviceAllow: readonly ServicePattern[];
  /** Whether the server is spoken to by TLS, with the files below; or the section `[tls NAME]` that has them. */
  readonly deviceTls: TunnelTls;
  /** Files in PEM: the authority that signed the server's certificate (empty: the public ones), our own certificate, its key. */
  readonly deviceAuthority: string;
  readonly deviceCertificate: string;
  readonly deviceKey: string;
  /** The secret that the server asks for; over TLS only. */
  readonly deviceSecret: string;
  /** The name by which the server knows this machine, where it knows several devices; empty: none. */
  readonly deviceName: string;
}

/** The members of {@link Values} that describe this machine as the device of a server. */
export const DEVICE_VALUES = [
  "deviceServers",
  "deviceAllow",
  "deviceTls",
  "deviceAuthority",
  "deviceCertificate",
  "deviceKey",
  "deviceSecret",
  "deviceName",
] as const;

/** The values of a `[device]` section: its servers, and the credentials of this machine. */
export type DeviceValues = Pick<Values, (typeof DEVICE_VALUES)[number]>;

/** A `[device NAME]` section. */
export interface NamedDevice extends DeviceValues {
  readonly name: string;
}

/** A `[tls NAME]` section: paths of files in PEM. It has a certificate with its key, an authority, or both. */
export interface TlsIdentity {
  readonly name: string;
  /** Our own certificate, and its private key. */
  readonly certificate?: string;
  readonly key?: string;
  /** The authority that has to have signed the certificate of the other side. */
  readonly authority?: string;
}

/**
 * The form of log lines. `date`: with the date. `clock`: with the time of day, as the monitor prints it; the monitor then shows
 * connections, and the log leaves them out.
 */
export type LogStyle = "date" | "clock";

/** The levels of the log: each writes the lines of those in front of it, too. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The forms of the log (`log-format`): lines for people, or an object of JSON in each line. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The settings of a daemon. */
export interface Settings extends Values {
  /** Whether the daemon does not start when a line cannot listen: it was started for this line alone. */
  readonly linesEssential: boolean;
  /** The Unix socket by which the user who started the daemon controls it; empty: none. */
  readonly control: string;
  readonly logStyle: LogStyle;
  readonly direct: readonly DirectLine[];
  readonly mux: readonly MuxLine[];
  readonly tunnel: readonly TunnelLine[];
  /** The `[device NAME]` sections. */
  readonly namedDevices: readonly NamedDevice[];
  /** The `[tls NAME]` sections. */
  readonly tlsIdentities: readonly TlsIdentity[];
  /** The `[webhook NAME]` sections. */
  readonly webhooks: readonly WebhookSettings[];
}

/** The settings that command line and files lead to, and all problems, a line each. */
export interface LoadedConfig {
  readonly settings: Settings;
  readonly problems: readonly string[];
  /** Settings that work, although their writer may have meant something else. */
  readonly warnings?: readonly string[];
  /** A remark for the log line of a reload, where no file can have changed. */
  readonly reloadNote?: string;
}

/** A section of keys and values. */
export type Section = "host" | "access" | "alert" | "mqtt" | "web" | "device";

/** A section whose lines listen on ports. */
export type PortSection = "direct" | "mux" | "tunnel";

/** One key of a section: a row of the table behind the parser, the defaults, `--check`, the example file and docs/configuration.md. */
export interface Key<N extends keyof Values = keyof Values> {
  readonly section: Section;
  readonly key: string;
  /** The member of {@link Values} that the key sets. */
  readonly sets: N;
  /** The unit of a bare number, or what the value is. */
  readonly unit: string;
  /** The values that are taken, in words; may be empty. */
  readonly range: string;
  /** Another section that takes the key, too. */
  readonly alsoIn?: Section;
  /** The default as a file has it. */
  readonly defaultText: string;
  /** One or two sentences for people. */
  readonly help: string;
  parse(text: string): Result<Values[N]>;
  /** The value as a file has it, secrets masked. */
  print(value: Values[N]): string;
}

/** Has the compiler check that the parser and printer of a row fit the value it sets. */
export function row<N extends keyof Values>(key: Key<N>): Key<N> {
  return key;
}
