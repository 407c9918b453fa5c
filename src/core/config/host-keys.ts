import { parsePort } from "../net/address.js";
import { formatDuration } from "../parse/duration.js";
import { parseKeyword } from "../parse/keyword.js";
import { fail, ok } from "../parse/result.js";
import { row } from "./settings.js";
import { maskPassword, parseBaseUrl, parseBoolean, parseCount, parseListenAddress, parseTime } from "./values.js";

const MIB = 1_048_576;
const MAX_AUDIT = 100_000;
const MAX_KEEPALIVE_S = 32_767; // what the kernel takes (tcp(7), TCP_KEEPIDLE)

/** All keys of `[host]` (docs/configuration.md). */
export const HOST_KEYS = [
  row({
    section: "host",
    key: "ip",
    unit: "address",
    range: "*, an IPv4 or IPv6 address, a name",
    sets: "ip",
    defaultText: "*",
    help: "The address to listen on. * is all addresses of this machine, IPv6 and IPv4.",
    parse: parseListenAddress,
    print: String,
  }),
  row({
    section: "host",
    key: "port",
    unit: "port",
    range: "1 to 65535; 0 is none",
    sets: "port",
    defaultText: "2504",
    help: "The port that plugins connect to. Plugins expect 2504. 0 opens no proxy port: only the other sections listen.",
    parse: (text) => (text === "0" ? ok(0) : parsePort(text)),
    print: String,
  }),
  row({
    section: "host",
    key: "listen-tls",
    unit: "name",
    range: "a section [tls NAME]",
    sets: "listenTls",
    defaultText: "",
    help: "Plugins speak TLS to this port. The section [tls NAME] has our certificate; with ca, plugins need one, too.",
    parse: ok<string>,
    print: String,
  }),
  row({
    section: "host",
    key: "vera",
    unit: "URL",
    range: "http or https",
    sets: "vera",
    defaultText: "http://127.0.0.1:3480",
    help: "The URL of the Luup engine. It may have a path and a login: http://user:password@hub:3480/port_3480",
    parse: parseBaseUrl,
    print: maskPassword,
  }),
  row({
    section: "host",
    key: "log",
    unit: "file",
    range: "",
    sets: "log",
    defaultText: "-",
    help: "The log file. - is stderr. SIGUSR1 and SIGHUP open the file again after it was moved away.",
    parse: (text) => (text === "" ? fail("no file name") : ok(text)),
    print: String,
  }),
  row({
    section: "host",
    key: "debug",
    unit: "true or false",
    range: "",
    sets: "debug",
    defaultText: "false",
    help: "Log every command, read, write and notification. The word debug alone means true.",
    parse: parseBoolean,
    print: String,
  }),
  row({
    section: "host",
    key: "time",
    unit: "word",
    range: "local, utc",
    sets: "time",
    defaultText: "local",
    help: "The time zone of log, monitor, alerts and STAT JSON: that of this machine, or UTC.",
    parse: (text) => parseKeyword(text, ["local", "utc"]),
    print: String,
  }),
  row({
    section: "host",
    key: "renotify",
    unit: "s",
    range: "0 or more",
    sets: "renotify",
    defaultText: "0",
    help: "Repeat a notification at this interval while a plugin on this machine leaves bytes unread. 0 is never. RNTF overrides it.",
    parse: (text) => parseTime(text),
    print: formatDuration,
  }),
  row({
    section: "host",
    key: "keepalive",
    unit: "s",
    range: "1s to 32767s",
    sets: "keepalive",
    defaultText: "30s",
    help: "Probe a client or remote after this much silence. A peer that does not answer is closed about 10 s later.",
    parse: (text) => parseTime(text, 1000, MAX_KEEPALIVE_S * 1000),
    print: formatDuration,
  }),
  row({
    section: "host",
    key: "audit-size",
    unit: "MiB",
    range: "1 to 100000",
    sets: "auditSize",
    defaultText: "10",
    help: "A monitor file (MONL) is rotated when it reaches this size.",
    parse: (text) => {
      const mebibytes = parseCount(text, 1, MAX_AUDIT);
      return mebibytes.ok ? ok(mebibytes.value * MIB) : mebibytes;
    },
    print: (bytes) => String(bytes / MIB),
  }),
  row({
    section: "host",
    key: "audit-files",
    unit: "files",
    range: "1 to 100000",
    sets: "auditFiles",
    defaultText: "5",
    help: "This many rotated monitor files are kept. file.1 is the newest.",
    parse: (text) => parseCount(text, 1, MAX_AUDIT),
    print: String,
  }),
] as const;
