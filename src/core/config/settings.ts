import { isHostName, isIPv4, isIPv6, isLoopback, parsePort } from "../address.js";
import { fail, ok, type Result } from "../result.js";
import { parseSeconds } from "../setup/options.js";
import type { Order } from "../setup/order.js";

/** A `[direct]` line: a port whose connections go to one remote at once. */
export interface DirectLine {
  readonly port: number;
  readonly order: Order;
  /** The line as it was written, without its port. */
  readonly text: string;
}

/** The `[host]` section. */
export interface HostSettings {
  /** The address to listen on; `*`: all, IPv6 and IPv4. */
  readonly ip: string;
  readonly port: number;
  /** Base URL of the Luup system. */
  readonly vera: string;
  /** The log file; `-`: stderr. */
  readonly log: string;
  readonly debug: boolean;
  /** Who may stop the daemon by STOP. */
  readonly stop: "local" | "any";
  /** Repeated notifications for unread bytes, for connections that do not say; milliseconds, 0: off. */
  readonly renotify: number;
}

/** Everything that can be configured. */
export interface Settings extends HostSettings {
  readonly direct: readonly DirectLine[];
}

/** One key of the `[host]` section: a row of the table from which parser, defaults and `--check` are made, and the example file is
 * checked. */
export interface HostKey<K extends keyof HostSettings = keyof HostSettings> {
  readonly key: K;
  /** As it would stand in the file. */
  readonly defaultText: string;
  /** What the example file says of it. */
  readonly help: string;
  parse(text: string): Result<HostSettings[K]>;
  /** The value as it would stand in the file, secrets masked. */
  print(value: HostSettings[K]): string;
}

function parseUrl(text: string): Result<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return fail(`bad URL "${maskPassword(text)}": http://host:port is wanted`);
  }
  if (url.search !== "" || url.hash !== "") {
    return fail(`bad URL "${maskPassword(text)}": no query and no fragment can be in it`);
  }
  return /%(?![0-9a-f]{2})/i.test(url.username + url.password)
    ? fail(`bad URL "${maskPassword(text)}": a % in the login is written %25`)
    : ok(text);
}

/** A URL, or what was meant to be one, with the password made unreadable; without a user name, all of the login. */
export function maskPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/)([^/?#]*)@/i, (_match, scheme: string, login: string) => {
    const user = login.includes(":") ? login.slice(0, login.indexOf(":") + 1) : "";
    return `${scheme}${user}***@`;
  });
}

/** Whether a client at this address may end the daemon by STOP. */
export function mayStop({ stop }: HostSettings, address: string): boolean {
  return stop === "any" || isLoopback(address);
}

function parseBoolean(text: string): Result<boolean> {
  const value = text.toLowerCase();
  if (["", "1", "true", "yes", "on"].includes(value)) return ok(true);
  if (["0", "false", "no", "off"].includes(value)) return ok(false);
  return fail(`bad value "${text}": true or false is wanted`);
}

function row<K extends keyof HostSettings>(key: HostKey<K>): HostKey<K> {
  return key;
}

/** All keys of `[host]`. */
export const HOST_KEYS = [
  row({
    key: "ip",
    defaultText: "*",
    help: "The address to listen on. * is all addresses of this machine, IPv6 and IPv4.",
    parse: (text) =>
      text === "*" || isIPv4(text) || isIPv6(text) || isHostName(text)
        ? ok(text)
        : fail(`bad address "${text}": *, an IPv4 or IPv6 address or a name is wanted`),
    print: String,
  }),
  row({
    key: "port",
    defaultText: "2504",
    help: "The port plugins connect to. They expect this one.",
    parse: parsePort,
    print: String,
  }),
  row({
    key: "vera",
    defaultText: "http://127.0.0.1:3480",
    help: "Where the Luup system takes requests. May hold a path and a login: http://user:password@hub:3480/port_3480",
    parse: parseUrl,
    print: maskPassword,
  }),
  row({
    key: "log",
    defaultText: "-",
    help: "The log file. - is stderr. SIGHUP opens the file again after it was moved away.",
    parse: (text) => (text === "" ? fail("no file name") : ok(text)),
    print: String,
  }),
  row({
    key: "debug",
    defaultText: "false",
    help: "Log every command, read, write and notification. The bare word debug is true, too.",
    parse: parseBoolean,
    print: String,
  }),
  row({
    key: "stop",
    defaultText: "local",
    help: "Who may end the daemon by the command STOP: local is this machine only, any is everybody who can connect.",
    parse: (text) => {
      const value = text.toLowerCase();
      return value === "local" || value === "any" ? ok(value) : fail(`bad value "${text}": local or any is wanted`);
    },
    print: String,
  }),
  row({
    key: "renotify",
    defaultText: "0",
    help: "Notify again every so many seconds while a plugin on this machine leaves bytes unread (0: off). RNTF overrides it.",
    parse: (text) => {
      const ms = parseSeconds(text);
      return ms.ok ? ms : fail(`bad value "${text}": ${ms.message}`);
    },
    print: (ms) => String(ms / 1000),
  }),
] as const;

/**
 * Reads one value of `[host]`.
 *
 * @param key in lower case
 * @returns nothing when there is no such key
 */
export function parseHostValue(key: string, text: string): Result<Partial<HostSettings>> | undefined {
  const found = HOST_KEYS.find((candidate) => candidate.key === key);
  if (found === undefined) return undefined;
  const parsed = found.parse(text);
  return parsed.ok ? ok({ [found.key]: parsed.value }) : parsed;
}

/** What holds where nothing is configured (seed, "Configuration"): the defaults of the table. */
export const DEFAULT_SETTINGS: Settings = defaults();

function defaults(): Settings {
  const parsed = HOST_KEYS.map(({ key, defaultText }) => parseHostValue(key, defaultText));
  return Object.assign({ direct: [] }, ...parsed.map((result) => (result?.ok ? result.value : {})));
}

/** The settings as a configuration file that would lead to them, secrets masked. */
export function printSettings(settings: Settings): string {
  const host = HOST_KEYS.map((row) => `${row.key}=${(row.print as (value: unknown) => string)(settings[row.key])}`);
  const direct = settings.direct.map((line) => `${line.port}=${line.text}`);
  return ["[host]", ...host, "", "[direct]", ...direct].join("\n");
}

/** What is wrong with settings as a whole; empty when nothing is. */
export function checkSettings({ port, direct }: Settings): string[] {
  return direct
    .filter((line) => line.port === port)
    .map((line) => `[direct] ${line.port}: that is the port the proxy itself listens on`);
}
