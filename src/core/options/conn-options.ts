import { LINE_ENDS, type LineEnd } from "../framing/echo-framing.js";
import { type FormatWord, parseFormat } from "../monitor/format.js";
import { findView, VIEWS } from "../monitor/views/views.js";
import { isAddress, isHostName } from "../net/address.js";
import type { NotifyTarget } from "../notify/notification.js";
import { didYouMean } from "../parse/near-miss.js";
import { parseInteger } from "../parse/number.js";
import { fail, ok } from "../parse/result.js";
import { isPrintable } from "../parse/text.js";
import { type OptionRow, rowsOf } from "./option-table.js";
import { count, FILE, time, type ValueKind, word, yesOrNo } from "./value-kinds.js";

/** How the daemon talks to the remote. */
export type Transport = "tcp" | "udp" | "tls";

/** The values of all options of CONN. Times in milliseconds. */
export interface ConnOptions {
  readonly transport: Transport;
  /** Longest silence of the remote; 0: no limit. */
  readonly receiveTimeoutMs: number;
  /** Most bytes that one read hands on; 0: no limit. */
  readonly blockSize: number;
  readonly paceMs: number;
  readonly notify?: NotifyTarget;
  readonly connectTimeoutMs: number;
  /** Interval of repeated notifications while bytes lie unread; 0: never; undefined: the daemon's setting. */
  readonly renotifyMs?: number;
  /** Whether the certificate of a TLS remote is checked. */
  readonly verifyCertificate: boolean;
  /** The name to ask a TLS remote for and to find in its certificate; undefined: the host. */
  readonly tlsName?: string;
  /** Longest time without a byte in either direction; 0: no limit. */
  readonly quietMs: number;
  /** The view in which the monitor shows the messages; undefined: the connection is not monitored. */
  readonly monitor?: string;
  /** The further parts of the monitor's lines. */
  readonly monitorFormat: readonly FormatWord[];
  /** A file that gets the monitor's lines, too. */
  readonly monitorFile?: string;
  /** What lines end with, for the monitor and for a shared device that speaks in lines; undefined: LF. */
  readonly lineEnd?: LineEnd;
}

/** A row of the table of CONN options. */
export interface ConnOptionRow extends OptionRow<ConnOptions> {
  /** The words of CAPA for the option. */
  readonly capabilities: readonly string[];
  /** Older plugins send the option as a command before CONN; this text joins the arguments. Undefined: there is no such command. */
  readonly commandSeparator?: string;
}

export const DEFAULT_OPTIONS: ConnOptions = {
  transport: "tcp",
  receiveTimeoutMs: 0,
  blockSize: 0,
  paceMs: 0,
  connectTimeoutMs: 4000, // LuWS gives up waiting for the reply after 5 s
  verifyCertificate: true,
  quietMs: 0,
  monitorFormat: [],
};

const DEFAULT_SERVICE = "urn:toggledbits-com:serviceId:SockProxy1";
const DEFAULT_ACTION = "HandleReceiveData";
const MAX_BLOCK_SIZE = 1_048_576;
const MAX_CONNECT_MS = 600_000;
const VIEW_NAMES = VIEWS.map(({ name }) => name);

const NOTIFY: ValueKind<NotifyTarget> = {
  unit: "dev/sid/act[/pid]",
  range: "",
  parse(value) {
    const [device = "", service = "", action = "", pid = "", ...more] = value.split("/");
    if (more.length > 0) return fail("dev/sid/act/pid has four parts at most, none with a / in it");
    if (!isPrintable(value)) return fail("control characters are not taken");
    if (/\s/.test(value)) return fail("white space is not taken");
    const number = parseInteger(device, 0);
    if (!number.ok) return fail("the device is a number, 0 or more");
    return ok({
      device: number.value,
      service: service || DEFAULT_SERVICE,
      action: action || DEFAULT_ACTION,
      ...(pid && { pid }),
    });
  },
  print: ({ device, service, action, pid }) => [device, service, action, ...(pid ? [pid] : [])].join("/"),
};

const TLS_NAME: ValueKind<string> = {
  unit: "name",
  range: "",
  parse: (value) => (isHostName(value) || isAddress(value) ? ok(value) : fail("a host name is wanted")),
  print: String,
};

const VIEW: ValueKind<string> = {
  unit: "view",
  range: VIEW_NAMES.join(", "),
  parse(value, form) {
    const view = findView(value);
    if (view !== undefined) return ok(view.name);
    return fail(`${VIEW_NAMES.join("|")} is wanted${form === "file" ? didYouMean(value, VIEW_NAMES) : ""}`);
  },
  print: String,
};

const FORMAT: ValueKind<readonly FormatWord[]> = {
  unit: "words",
  range: "id, decode, json; several with commas between",
  parse: parseFormat,
  print: (words) => words.join(","),
};

const row = rowsOf<ConnOptions>(DEFAULT_OPTIONS);

/** All options of CONN, in the order HELP shows them. */
export const OPTIONS: readonly ConnOptionRow[] = [
  {
    ...row({
      key: "BLKS",
      name: "block-size",
      description: "Hand on at most this many bytes per read. Empty is no limit.",
      usage: "BLKS=nbytes",
      help: ["Hand on at most nbytes per read, 1 to 1048576 (default: no limit)."],
      sets: "blockSize",
      kind: { ...count("bytes", 1, MAX_BLOCK_SIZE), print: (bytes) => (bytes === 0 ? "" : String(bytes)) },
    }),
    capabilities: ["BLKS"],
    commandSeparator: "",
  },
  {
    ...row({
      key: "RTIM",
      name: "receive-timeout",
      description: "Disconnect when the remote has been silent for this long. 0 is never.",
      usage: "RTIM=ms",
      help: ["Disconnect when the remote has been silent for ms (default: 0, never)."],
      sets: "receiveTimeoutMs",
      kind: time("ms"),
    }),
    capabilities: ["RTIM"],
    commandSeparator: "",
  },
  {
    ...row({
      key: "NTFY",
      name: "notify",
      description:
        "Invoke this action of this device when data waits, and at the end. pid replaces the connection's own.",
      usage: "NTFY=dev/sid/act[/pid]",
      help: [
        "Invoke this action of this device when data waits, and at the end.",
        "pid replaces the connection's own.",
      ],
      sets: "notify",
      kind: NOTIFY,
    }),
    capabilities: ["NTFY"],
    commandSeparator: "/",
  },
  {
    ...row({
      key: "PACE",
      name: "pace",
      description: "Notify of data at most once in this time. 0 is at once.",
      usage: "PACE=seconds",
      help: ["Notify of data at most once in so many seconds (default: 0, at once)."],
      sets: "paceMs",
      kind: time("s"),
    }),
    capabilities: ["PACE"],
    commandSeparator: "",
  },
  {
    ...row({
      key: "PRTO",
      name: "transport",
      description: "How the daemon talks to the remote.",
      usage: "PRTO=tcp|udp|tls",
      help: ["How to talk to the remote (default: tcp)."],
      sets: "transport",
      kind: word(["tcp", "udp", "tls"]),
    }),
    capabilities: ["UDP", "TLS"],
  },
  {
    ...row({
      key: "TLSV",
      name: "tls-verify",
      description: "With transport=tls: false takes any certificate, for self-signed ones.",
      usage: "TLSV=0|1",
      help: ["With PRTO=tls: 0 takes any certificate, for self-signed ones (default: 1)."],
      sets: "verifyCertificate",
      kind: yesOrNo(),
    }),
    capabilities: [],
  },
  {
    ...row({
      key: "TLSN",
      name: "tls-name",
      description: "With transport=tls: the server name to ask for and to check. Empty is the host of the target.",
      usage: "TLSN=name",
      help: ["With PRTO=tls: the server name to ask for and to check (default: host)."],
      sets: "tlsName",
      kind: TLS_NAME,
    }),
    capabilities: [],
  },
  {
    ...row({
      key: "CTIM",
      name: "connect-timeout",
      description: "Give up connecting after this time.",
      usage: "CTIM=ms",
      help: ["Give up connecting after ms, 1 to 600000 (default: 4000)."],
      sets: "connectTimeoutMs",
      kind: time("ms", 1, MAX_CONNECT_MS),
    }),
    capabilities: ["CTIM"],
  },
  {
    ...row({
      key: "RNTF",
      name: "renotify",
      description:
        "Notify again at this interval while the plugin, on this machine, leaves bytes unread. Empty is renotify of [host].",
      usage: "RNTF=seconds",
      help: [
        "Notify again every so many seconds while the plugin, on this machine,",
        "leaves bytes unread (default: renotify of the configuration).",
      ],
      sets: "renotifyMs",
      kind: time("s"),
    }),
    capabilities: ["RNTF"],
  },
  {
    ...row({
      key: "IDLE",
      name: "idle-timeout",
      description: "Disconnect when no byte has passed either way for this long. 0 is never.",
      usage: "IDLE=seconds",
      help: ["Disconnect when no byte has passed either way for so long (default: 0, never)."],
      sets: "quietMs",
      kind: time("s"),
    }),
    capabilities: ["IDLE"],
  },
  {
    ...row({
      key: "MONI",
      name: "monitor",
      description: "Print every message that passes, on the daemon's stdout, in this view.",
      usage: "MONI=view",
      help: ["Print every message that passes, on the daemon's stdout, as", `${VIEW_NAMES.join("|")}.`],
      sets: "monitor",
      kind: VIEW,
    }),
    capabilities: ["MONI"],
  },
  {
    ...row({
      key: "MONF",
      name: "monitor-format",
      description:
        "With monitor (MONI): what is printed, too: the id of the connection (id), on [mux] ports the client that asked (client), the parts of a message (decode); or a line of JSON for each (json).",
      usage: "MONF=word[,word]",
      help: [
        "With MONI: id (of the connection), client (of a shared device) or decode (the parts of",
        "a message) are printed, too; json: a line of JSON for each.",
      ],
      sets: "monitorFormat",
      kind: FORMAT,
    }),
    capabilities: [],
  },
];

/** Options that only lines of the configuration take, not clients: they are about files of this machine, or younger than the wire. */
export const LINE_OPTIONS: readonly OptionRow<ConnOptions>[] = [
  row({
    key: "MONL",
    name: "monitor-file",
    usage: "MONL=file",
    help: ["With monitor (MONI): write what is printed to this file, too. audit-size and audit-files", "limit it."],
    sets: "monitorFile",
    kind: FILE,
  }),
  row({
    key: "LEND",
    name: "line-end",
    usage: "LEND=lf|cr|crlf|nul",
    help: ["What ends a line, for the view line of the monitor and for protocol=echo of [mux]. Empty is lf."],
    sets: "lineEnd",
    kind: word(Object.keys(LINE_ENDS) as LineEnd[]),
  }),
];
