import { formatPatterns, parseNetworks, parseTargetPatterns } from "../net/access-patterns.js";
import { row } from "./settings.js";
import { parseChoice, parseCount } from "./values.js";

const MAX_LIMIT = 1_000_000;

/** All keys of `[access]`. */
export const ACCESS_KEYS = [
  row({
    section: "access",
    key: "clients",
    name: "clients",
    defaultText: "",
    help: "Who may connect, to any port: addresses and networks (192.168.0.0/24, ::1), separated by commas. Empty is everybody.",
    parse: parseNetworks,
    print: formatPatterns,
  }),
  row({
    section: "access",
    key: "devices",
    name: "devices",
    defaultText: "",
    help: "Who may connect as the device of a [tunnel], in place of clients: addresses and networks. Empty is as clients says.",
    parse: parseNetworks,
    print: formatPatterns,
  }),
  row({
    section: "access",
    key: "targets",
    name: "targets",
    defaultText: "",
    help: "What may be connected to: addresses, networks and names (*.example.com). A name's addresses count, too. Empty is everything.",
    parse: parseTargetPatterns,
    print: formatPatterns,
  }),
  row({
    section: "access",
    key: "deny-targets",
    name: "denyTargets",
    defaultText: "",
    help: "What may not be connected to, whatever targets says.",
    parse: parseTargetPatterns,
    print: formatPatterns,
  }),
  row({
    section: "access",
    key: "max-connections",
    name: "maxConnections",
    defaultText: "0",
    help: "Connections at a time. 0 is as many as the limit of open files (ulimit -n) allows, at two for a connection.",
    parse: (text) => parseCount(text, 0, MAX_LIMIT),
    print: String,
  }),
  row({
    section: "access",
    key: "max-per-client",
    name: "maxPerClient",
    defaultText: "0",
    help: "Connections at a time of one client address. 0 is no limit.",
    parse: (text) => parseCount(text, 0, MAX_LIMIT),
    print: String,
  }),
  row({
    section: "access",
    key: "stop",
    name: "stop",
    alsoIn: "host",
    defaultText: "local",
    help: "Who may end the daemon by the command STOP: local is this machine only, any is everybody who can connect, never is nobody.",
    parse: (text) => parseChoice(text, ["local", "any", "never"]),
    print: String,
  }),
  row({
    section: "access",
    key: "watch",
    name: "watch",
    defaultText: "",
    help: "Who may watch messages (WTCH), besides this machine: addresses and networks, separated by commas.",
    parse: parseNetworks,
    print: formatPatterns,
  }),
] as const;
