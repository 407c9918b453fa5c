import { type FormatWord, parseFormat } from "../monitor/format.js";
import { findView, VIEWS } from "../monitor/views/views.js";
import { isAddress, isHostName } from "../net/address.js";
import type { NotifyTarget } from "../notify/notification.js";
import { parseKeyword } from "../parse/keyword.js";
import { parseInteger, parseSeconds } from "../parse/number.js";
import { fail, map, ok, type Result } from "../parse/result.js";
import { isPrintable } from "../parse/text.js";
import type { OptionRow } from "./option-table.js";

/** How the daemon talks to the remote. */
export type Transport = "tcp" | "udp" | "tls";

/** Everything the options of a CONN line can say. Times in milliseconds. */
export interface ConnOptions {
  readonly transport: Transport;
  /** Longest silence of the remote; 0: no limit. */
  readonly receiveTimeoutMs: number;
  /** Most bytes one read hands on; 0: no limit. */
  readonly blockSize: number;
  readonly paceMs: number;
  readonly notify?: NotifyTarget;
  readonly connectTimeoutMs: number;
  /** Interval of repeated notifications while bytes lie unread; 0: off; left out: the daemon's setting. */
  readonly renotifyMs?: number;
  /** Whether a TLS remote has to prove who it is. */
  readonly verifyCertificate: boolean;
  /** The name to ask a TLS remote for and to find in its certificate, when not the host. */
  readonly tlsName?: string;
  /** Longest time without a byte in either direction; 0: no limit. */
  readonly quietMs: number;
  /** The view that the monitor shows its messages by; nothing: it is not monitored. */
  readonly monitor?: string;
  /** What the monitor's lines have besides. */
  readonly monitorFormat: readonly FormatWord[];
  /** A file that gets the monitor's lines, too. */
  readonly monitorFile?: string;
}

/** One option of CONN: CAPA is made from it, too. */
export interface ConnOptionRow extends OptionRow<ConnOptions> {
  /** Words CAPA reports for it. */
  readonly capabilities: readonly string[];
  /** Also understood as a command of its own before CONN, its arguments joined by this: what older plugins send. */
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

function parseNotify(value: string): Result<Partial<ConnOptions>> {
  const [device = "", service = "", action = "", pid = "", ...more] = value.split("/");
  if (more.length > 0) return fail("dev/sid/act/pid has four parts at most, none with a / in it");
  if (!isPrintable(value)) return fail("control characters are not taken");
  const number = parseInteger(device, 0);
  if (!number.ok) return fail("the device is a number, 0 or more");
  return ok({
    notify: {
      device: number.value,
      service: service || DEFAULT_SERVICE,
      action: action || DEFAULT_ACTION,
      ...(pid && { pid }),
    },
  });
}

function parseVerify(value: string): Result<Partial<ConnOptions>> {
  return value === "0" || value === "1" ? ok({ verifyCertificate: value === "1" }) : fail("0 or 1 is wanted");
}

function parseTlsName(value: string): Result<Partial<ConnOptions>> {
  return isHostName(value) || isAddress(value) ? ok({ tlsName: value }) : fail("a host name is wanted");
}

function parseMonitor(value: string): Result<Partial<ConnOptions>> {
  const view = findView(value);
  return view === undefined ? fail(`${VIEW_NAMES} is wanted`) : ok({ monitor: view.name });
}

const VIEW_NAMES = VIEWS.map(({ name }) => name).join("|");

/** All options of CONN, in the order HELP shows them. */
export const OPTIONS: readonly ConnOptionRow[] = [
  {
    key: "BLKS",
    usage: "BLKS=nbytes",
    help: ["Hand on at most nbytes per read, 1 to 1048576 (default: no limit)."],
    capabilities: ["BLKS"],
    commandSeparator: "",
    parse: (value) => map(parseInteger(value, 1, MAX_BLOCK_SIZE), (blockSize) => ({ blockSize })),
  },
  {
    key: "RTIM",
    usage: "RTIM=ms",
    help: ["Disconnect when the remote has been silent for ms (default: 0, never)."],
    capabilities: ["RTIM"],
    commandSeparator: "",
    parse: (value) => map(parseInteger(value, 0), (receiveTimeoutMs) => ({ receiveTimeoutMs })),
  },
  {
    key: "NTFY",
    usage: "NTFY=dev/sid/act[/pid]",
    help: ["Invoke this action of this device when data waits, and at the end.", "pid replaces the connection's own."],
    capabilities: ["NTFY"],
    commandSeparator: "/",
    parse: parseNotify,
  },
  {
    key: "PACE",
    usage: "PACE=seconds",
    help: ["Notify of data at most once in so many seconds (default: 0, at once)."],
    capabilities: ["PACE"],
    commandSeparator: "",
    parse: (value) => map(parseSeconds(value), (paceMs) => ({ paceMs })),
  },
  {
    key: "PRTO",
    usage: "PRTO=tcp|udp|tls",
    help: ["How to talk to the remote (default: tcp)."],
    capabilities: ["UDP", "TLS"],
    parse: (value) => map(parseKeyword(value, ["tcp", "udp", "tls"]), (transport) => ({ transport })),
  },
  {
    key: "TLSV",
    usage: "TLSV=0|1",
    help: ["With PRTO=tls: 0 takes any certificate, for self-signed ones (default: 1)."],
    capabilities: [],
    parse: parseVerify,
  },
  {
    key: "TLSN",
    usage: "TLSN=name",
    help: ["With PRTO=tls: the server name to ask for and to check (default: host)."],
    capabilities: [],
    parse: parseTlsName,
  },
  {
    key: "CTIM",
    usage: "CTIM=ms",
    help: ["Give up connecting after ms, 1 to 600000 (default: 4000)."],
    capabilities: ["CTIM"],
    parse: (value) => map(parseInteger(value, 1, 600_000), (connectTimeoutMs) => ({ connectTimeoutMs })),
  },
  {
    key: "RNTF",
    usage: "RNTF=seconds",
    help: [
      "Notify again every so many seconds while the plugin, on this machine,",
      "leaves bytes unread (default: renotify of the configuration).",
    ],
    capabilities: ["RNTF"],
    parse: (value) => map(parseSeconds(value), (renotifyMs) => ({ renotifyMs })),
  },
  {
    key: "IDLE",
    usage: "IDLE=seconds",
    help: ["Disconnect when no byte has passed either way for so long (default: 0, never)."],
    capabilities: ["IDLE"],
    parse: (value) => map(parseSeconds(value), (quietMs) => ({ quietMs })),
  },
  {
    key: "MONI",
    usage: "MONI=view",
    help: ["Print every message that passes, on the daemon's stdout, as", `${VIEW_NAMES}.`],
    capabilities: ["MONI"],
    parse: parseMonitor,
  },
  {
    key: "MONF",
    usage: "MONF=word[,word]",
    help: [
      "With MONI: id (of the connection) or decode (the parts of a message) are printed,",
      "too; json: a line of JSON for each.",
    ],
    capabilities: [],
    parse: (value) => map(parseFormat(value), (monitorFormat) => ({ monitorFormat })),
  },
];

/** Options that only lines of the configuration take, not clients: they touch files of this machine. */
export const LINE_OPTIONS: readonly OptionRow<ConnOptions>[] = [
  {
    key: "MONL",
    usage: "MONL=file",
    help: ["With MONI: write what is printed to this file, too; audit-size and audit-files", "limit it."],
    parse: (value) => (value === "" ? fail("a file name is wanted") : ok({ monitorFile: value })),
  },
];
