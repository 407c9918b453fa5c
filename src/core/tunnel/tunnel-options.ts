import { type OptionRow, rowsOf } from "../options/option-table.js";
import { FILE, time, type ValueKind, yesOrNo } from "../options/value-kinds.js";
import { fail, map, ok } from "../parse/result.js";
import { type NamedSecret, parseNamedSecret, parseSecret } from "./secret-line.js";
import { formatTunnelTls, NO_TLS, type TunnelTls, tunnelTls } from "./tunnel-tls.js";

/** Everything that only the options of a `[tunnel]` line can say. Times in milliseconds. */
export interface TunnelOptions {
  /** So long a link waits for a client that does not read what came for it. */
  readonly stallMs: number;
  /** Silence on a link after which the device is asked for a sign of life. */
  readonly probeMs: number;
  /** For so long a link lives on without its connection, where the device can go on with it; 0: it ends with it. */
  readonly resumeMs: number;
  /** Whether devices speak TLS, by the files below or by those of a section. */
  readonly tls: TunnelTls;
  /** Files in PEM: our certificate, its key; the authority that signs devices' certificates, which are asked for then. */
  readonly certificate?: string;
  readonly key?: string;
  readonly authority?: string;
  /** What a device has to know; over TLS only. */
  readonly secret?: string;
  /** Several devices on one port, each with a secret of its own. */
  readonly devices: readonly NamedSecret[];
}

export const DEFAULT_TUNNEL_OPTIONS: TunnelOptions = {
  stallMs: 5000,
  probeMs: 30_000,
  resumeMs: 0,
  tls: NO_TLS,
  devices: [],
};

/** Clients that wait longer for a device have given up. */
const MAX_RESUME_MS = 3_600_000;

/** Never printed as it is: whoever reads the settings, or a log, must not learn it. */
const SECRET: ValueKind<string> = {
  unit: "secret",
  range: "",
  isSecret: true,
  parse: (value) => (value === "" ? fail("a secret is wanted") : parseSecret(value)),
  print: () => "***",
};

const YES_OR_NO = yesOrNo();

/** Yes or no, or the name of an identity. */
const TLS: ValueKind<TunnelTls> = {
  unit: "true, false or name",
  range: "a section [tls NAME]",
  parse(text, form) {
    const value = YES_OR_NO.parse(text, form);
    return value.ok || text === "" ? map(value, tunnelTls) : ok(tunnelTls(text));
  },
  print: formatTunnelTls,
};

const row = rowsOf<TunnelOptions>(DEFAULT_TUNNEL_OPTIONS);

/** `device=barn:SECRET`, once for each device. No row of another table has a secret that repeats. */
const DEVICE: OptionRow<TunnelOptions> = {
  key: "DEVC",
  name: "device",
  usage: "DEVC=name:secret",
  help: ["With tls: one of several devices on this port, by its name and its secret; one option for", "each."],
  sets: "devices",
  unit: "name:secret",
  range: "one for each device, up to 64",
  defaultText: "",
  isSecret: true,
  repeats: true,
  parse: (text) => map(parseNamedSecret(text), (device) => ({ devices: [device] })),
  print: ({ devices }) => devices.map(({ name }) => `${name}:***`),
};

/** All options that only a line of `[tunnel]` takes, in the order that help and documents show them. */
export const TUNNEL_OPTIONS: readonly OptionRow<TunnelOptions>[] = [
  row({
    key: "STAL",
    name: "stall-timeout",
    usage: "STAL=seconds",
    help: ["Close a client that does not read and has kept the others waiting for this long."],
    sets: "stallMs",
    kind: time("s"),
  }),
  row({
    key: "HLTH",
    name: "health-check",
    usage: "HLTH=seconds",
    help: ["Ask a device that has been silent for this long for a sign of life. 0 is never."],
    sets: "probeMs",
    kind: time("s"),
  }),
  row({
    key: "RSUM",
    name: "resume",
    usage: "RSUM=seconds",
    help: [
      "A link that is lost waits so long for its device to come back, and its clients with it. 0: it ends",
      "at once. Only devices that run this program can come back so.",
    ],
    sets: "resumeMs",
    kind: time("s", 0, MAX_RESUME_MS),
  }),
  row({
    key: "TLS",
    name: "tls",
    usage: "TLS=0|1|name",
    help: [
      "Devices speak TLS. It needs certificate (CERT) and private-key (PKEY), or it is the NAME of a",
      "section [tls NAME].",
    ],
    sets: "tls",
    kind: TLS,
  }),
  row({
    key: "CERT",
    name: "certificate",
    usage: "CERT=file",
    help: ["With tls: our certificate, a file in PEM."],
    sets: "certificate",
    kind: FILE,
  }),
  row({
    key: "PKEY",
    name: "private-key",
    usage: "PKEY=file",
    help: ["With tls: the private key of our certificate, a file in PEM."],
    sets: "key",
    kind: FILE,
  }),
  row({
    key: "CAFI",
    name: "client-ca",
    usage: "CAFI=file",
    help: ["With tls: devices need a certificate of this authority, a file in PEM."],
    sets: "authority",
    kind: FILE,
  }),
  row({
    key: "SECR",
    name: "secret",
    usage: "SECR=secret",
    help: ["With tls: the secret that devices have to know. Only devices that run this program can tell", "it."],
    sets: "secret",
    kind: SECRET,
  }),
  DEVICE,
];
