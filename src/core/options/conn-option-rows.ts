import { LINE_ENDS, type LineEnd } from "../framing/echo-framing.js";
import { readNumber } from "../parse/number.js";
import { ok } from "../parse/result.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "./conn-options.js";
import { FORMAT, NETWORKS, NOTIFY, VIEW, VIEW_NAMES } from "./conn-value-kinds.js";
import { MQTT_OPTIONS } from "./mqtt-options.js";
import { type OptionRow, rowsOf } from "./option-table.js";
import { PARKING_OPTIONS } from "./parking-options.js";
import { TELL_OPTIONS } from "./tell-options.js";
import { IDENTITY, TLS_OPTIONS } from "./tls-options.js";
import { count, FILE, time, type ValueKind, word } from "./value-kinds.js";

/** A row of the table of CONN options. */
export interface ConnOptionRow extends OptionRow<ConnOptions> {
  /** The words of CAPA for the option. */
  readonly capabilities: readonly string[];
  /** Older plugins send the option as a command before CONN; this text joins the arguments. Undefined: there is no such command. */
  readonly commandSeparator?: string;
}

const MAX_CLIENTS = 10_000;
const MAX_BLOCK_SIZE = 1_048_576;
const MAX_CONNECT_MS = 600_000;
const MAX_TTL = 255; // one byte of the IP header (RFC 791)

const BYTES = count("bytes", 1, MAX_BLOCK_SIZE);

/** The size of a block; 0: no limit, which is the default. */
const BLOCK_SIZE: ValueKind<number> = {
  ...BYTES,
  parse: (text, form) => (readNumber(text) === 0 ? ok(0) : BYTES.parse(text, form)),
  print: (bytes) => (bytes === 0 ? "" : String(bytes)),
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
      kind: BLOCK_SIZE,
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
  ...TLS_OPTIONS,
  {
    ...row({
      key: "MTTL",
      name: "multicast-ttl",
      description:
        "With transport=udp to a multicast group: 1 keeps datagrams in this network, more lets them pass routers.",
      usage: "MTTL=hops",
      help: [
        "With PRTO=udp to a multicast group: 1 keeps datagrams in this network",
        "(default), up to 255 lets them pass routers.",
      ],
      sets: "multicastTtl",
      kind: count("hops", 0, MAX_TTL),
    }),
    capabilities: ["MTTL"],
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
      key: "RTRY",
      name: "retry-while-dialing",
      formerName: "retry",
      description:
        "While connecting fails, try again at this interval until connect-timeout (CTIM) is over. 0 is one attempt. [mux] has a retry of its own.",
      usage: "RTRY=seconds",
      help: ["While connecting fails, try again at this interval until CTIM is over (default: 0, one", "attempt)."],
      sets: "retryDialMs",
      kind: time("s"),
    }),
    capabilities: ["RTRY"],
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
  ...TELL_OPTIONS,
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
      key: "HALF",
      name: "half-close",
      description:
        "Once one side has ended: disconnect when nothing has moved either way for this long. 0 is never. Empty is 60s on [direct] ports and exposed ports of tunnels, 5s otherwise.",
      usage: "HALF=seconds",
      help: [
        "Once one side has ended: disconnect when nothing has moved either way for so long,",
        "0 is never (default: 5; direct ports: 60).",
      ],
      sets: "halfCloseMs",
      kind: time("s"),
    }),
    capabilities: ["HALF"],
  },
  {
    ...row({
      key: "SPRX",
      name: "send-proxy",
      description:
        "Tell the remote whose connection this is, by a header of the PROXY protocol in front of everything else. Connections of the daemon itself, such as checks and the links of [mux], say that they are.",
      usage: "SPRX=v1|v2",
      help: ["Tell the remote whose connection this is, by a header of the PROXY protocol", "(default: no header)."],
      sets: "sendProxy",
      kind: word(["v1", "v2"]),
    }),
    capabilities: ["SPRX"],
  },
  ...PARKING_OPTIONS,
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
  ...MQTT_OPTIONS,
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
  row({
    key: "LTLS",
    name: "listen-tls",
    usage: "LTLS=name",
    help: [
      "Clients speak TLS to this line. The section [tls NAME] has our certificate; with ca, clients need",
      "one, too.",
    ],
    sets: "listenTls",
    kind: IDENTITY,
  }),
  row({
    key: "PRXY",
    name: "proxy-protocol",
    usage: "PRXY=networks",
    help: [
      "Connections from these addresses and networks begin with a header of the PROXY protocol, v1 or v2,",
      "which names the client. Without it they are closed. From anywhere else none is read.",
    ],
    sets: "proxies",
    kind: NETWORKS,
  }),
  row({
    key: "MAXC",
    name: "max-clients",
    usage: "MAXC=n",
    help: ["Most clients at a time; of [tunnel]: on each exposed port. Empty is any number."],
    sets: "maxClients",
    kind: count("clients", 1, MAX_CLIENTS),
  }),
  row({
    key: "WFUL",
    name: "when-full",
    usage: "WFUL=refuse|replace-oldest",
    help: [
      "With max-clients (MAXC): refuse one client more, or end the connection of the oldest one.",
      "Empty is refuse.",
    ],
    sets: "whenFull",
    kind: word(["refuse", "replace-oldest"]),
  }),
];
