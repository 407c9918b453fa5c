import type { LineEnd } from "../framing/echo-framing.js";
import type { FormatWord } from "../monitor/format.js";
import type { MqttPayload } from "../mqtt/mqtt-message.js";
import type { Network } from "../net/access-patterns.js";
import type { ProxyVersion } from "../net/proxy-protocol.js";
import type { NotifyTarget } from "../notify/notification.js";
import { DEFAULT_PARKING_OPTIONS, type ParkingOptions } from "./parking-options.js";
import type { TellOptions } from "./tell-options.js";
import { DEFAULT_TLS_OPTIONS, type TlsOptions } from "./tls-options.js";

/** How the daemon talks to the remote. */
export type Transport = "tcp" | "udp" | "tls";

/** What becomes of a client for whom there is no room: it is refused, or the oldest one makes room. */
export type WhenFull = "refuse" | "replace-oldest";

/** The values of all options of CONN. Times in milliseconds. */
export interface ConnOptions extends TlsOptions, TellOptions, ParkingOptions {
  readonly transport: Transport;
  /** How far a datagram to a multicast group goes: 1 stays in this network, each router takes one. */
  readonly multicastTtl: number;
  /** Longest silence of the remote; 0: no limit. */
  readonly receiveTimeoutMs: number;
  /** Most bytes that one read hands on; 0: no limit. */
  readonly blockSize: number;
  readonly paceMs: number;
  readonly notify?: NotifyTarget;
  /** The MQTT topic, below the prefix, that the connection is published at; undefined: it is not. */
  readonly mqttTopic?: string;
  /** What is published there; undefined: as `[mqtt]` has it. */
  readonly mqttPayload?: MqttPayload;
  readonly connectTimeoutMs: number;
  /** From one attempt to connect to the next, while there is time; 0: one attempt. */
  readonly retryDialMs: number;
  /** Interval of repeated notifications while bytes lie unread; 0: never; undefined: the daemon's setting. */
  readonly renotifyMs?: number;
  /** Longest time without a byte in either direction; 0: no limit. */
  readonly quietMs: number;
  /** Longest time in which nothing moves once one side has ended; 0: no limit; undefined: as the listener has it. */
  readonly halfCloseMs?: number;
  /** The view in which the monitor shows the messages; undefined: the connection is not monitored. */
  readonly monitor?: string;
  /** The further parts of the monitor's lines. */
  readonly monitorFormat: readonly FormatWord[];
  /** A file that gets the monitor's lines, too. */
  readonly monitorFile?: string;
  /** What lines end with, for the monitor and for a shared device that speaks in lines; undefined: LF. */
  readonly lineEnd?: LineEnd;
  /** The section `[tls NAME]` with the certificate for the clients of the line, who speak TLS then; undefined: they do not. */
  readonly listenTls?: string;
  /** Connections from these networks begin with the header of a proxy, which names the client (PROXY protocol); undefined: none does. */
  readonly proxies?: readonly Network[];
  /** The version of the header that tells the remote whom a connection is for; undefined: there is none. */
  readonly sendProxy?: ProxyVersion;
  /** Most clients of a line at a time; undefined: any number. */
  readonly maxClients?: number;
  /** What becomes of a client for whom there is no room; undefined: it is refused. */
  readonly whenFull?: WhenFull;
}

export const DEFAULT_OPTIONS: ConnOptions = {
  ...DEFAULT_TLS_OPTIONS,
  ...DEFAULT_PARKING_OPTIONS,
  transport: "tcp",
  multicastTtl: 1,
  receiveTimeoutMs: 0,
  blockSize: 0,
  paceMs: 0,
  connectTimeoutMs: 4000, // LuWS gives up waiting for the reply after 5 s
  retryDialMs: 0,
  quietMs: 0,
  monitorFormat: [],
};
