import { type OptionRow, rowsOf } from "../options/option-table.js";
import { count, time, type ValueKind, word } from "../options/value-kinds.js";
import { didYouMean } from "../parse/near-miss.js";
import { fail, ok } from "../parse/result.js";
import type { Protocol, Writes } from "./protocol.js";
import { findProtocol, PROTOCOLS } from "./protocols/protocols.js";

/** How a mux shares its device. Times in milliseconds. */
export interface MuxOptions {
  readonly protocol: Protocol;
  /** Links to the device, at most. */
  readonly pool: number;
  /** Requests outstanding on one link, at most. */
  readonly pipe: number;
  /** Requests of one client that wait, at most. */
  readonly queue: number;
  /** For an answer. */
  readonly answerMs: number;
  /** From connecting to the first request. */
  readonly delayMs: number;
  /** From a failed attempt to connect to the next one, at first. */
  readonly retryMs: number;
  /** Idle time of a link after which it is probed; 0: it is not. */
  readonly healthMs: number;
  /** The request a link is probed by; without one, by TCP keepalive. */
  readonly probe?: Buffer;
  /** How long links stay after the last client has left. */
  readonly idleMs: number;
  /** Between an answer and the next request of a link. */
  readonly gapMs: number;
  /** Longest life of a link; 0: no limit. */
  readonly maxAgeMs: number;
  /** How long an answer is given again to identical reads; 0: not at all. */
  readonly cacheMs: number;
  readonly writes: Writes;
  /** `broadcast`: whatever the device says goes to every client. */
  readonly mode: "request" | "broadcast";
}

/** The most that POOL, PIPE and QLEN may say. */
const MAX_LINKS = 64;
const MAX_QUEUE = 10_000;
const NAMES = PROTOCOLS.map(({ framing }) => framing.name);

const [ECHO] = PROTOCOLS;

export const DEFAULT_MUX_OPTIONS: MuxOptions = {
  protocol: ECHO as Protocol,
  pool: 1,
  pipe: 1,
  queue: 32,
  answerMs: 60_000,
  delayMs: 0,
  retryMs: 1000,
  healthMs: 30_000,
  idleMs: 60_000,
  gapMs: 0,
  maxAgeMs: 0,
  cacheMs: 0,
  writes: "pass",
  mode: "request",
};

const MAX_MS = 86_400_000;

const PROTOCOL: ValueKind<Protocol> = {
  unit: "protocol",
  range: NAMES.join(", "),
  parse(value, form) {
    const protocol = findProtocol(value);
    if (protocol !== undefined) return ok(protocol);
    return fail(`${NAMES.join("|")} is wanted${form === "file" ? didYouMean(value, NAMES) : ""}`);
  },
  print: ({ framing }) => framing.name,
};

const PROBE: ValueKind<Buffer> = {
  unit: "hex",
  range: "one whole request",
  parse: (value) =>
    /^([0-9a-f]{2})+$/i.test(value)
      ? ok(Buffer.from(value, "hex"))
      : fail("a whole request in hexadecimal digits is wanted"),
  print: (request) => request.toString("hex"),
};

/** `pass`, the default, has no word: it is what holds where nothing is said. */
const WRITES: ValueKind<Writes> = {
  ...word<Writes>(["deny", "ignore"]),
  print: (writes) => (writes === "pass" ? "" : writes),
};

const row = rowsOf<MuxOptions>(DEFAULT_MUX_OPTIONS);

/** All options that only a line of `[mux]` takes, in the order that help and documents show them. */
export const MUX_OPTIONS: readonly OptionRow<MuxOptions>[] = [
  row({
    key: "PROT",
    name: "protocol",
    usage: "PROT=protocol",
    help: ["The protocol of the device: how messages are told apart."],
    sets: "protocol",
    kind: PROTOCOL,
  }),
  row({
    key: "POOL",
    name: "pool",
    usage: "POOL=n",
    help: ["Most links to the device at a time."],
    sets: "pool",
    kind: count("links", 1, MAX_LINKS),
  }),
  row({
    key: "PIPE",
    name: "pipeline",
    usage: "PIPE=n",
    help: ["Most requests outstanding on one link. modbus and modbus-rtu only."],
    sets: "pipe",
    kind: count("requests", 1, MAX_LINKS),
  }),
  row({
    key: "QLEN",
    name: "queue",
    usage: "QLEN=n",
    help: ["Most requests of one client that wait."],
    sets: "queue",
    kind: count("requests", 1, MAX_QUEUE),
  }),
  row({
    key: "TIME",
    name: "timeout",
    usage: "TIME=seconds",
    help: ["Longest time until an answer."],
    sets: "answerMs",
    kind: time("s", 1),
  }),
  row({
    key: "DLAY",
    name: "delay",
    usage: "DLAY=seconds",
    help: ["Wait after connecting, before the first request."],
    sets: "delayMs",
    kind: time("s"),
  }),
  row({
    key: "RTRY",
    name: "retry",
    usage: "RTRY=seconds",
    help: ["First wait after a failed attempt to connect, doubled with each."],
    sets: "retryMs",
    kind: { ...time("s"), range: "1s is the least" },
  }),
  row({
    key: "HLTH",
    name: "health-check",
    usage: "HLTH=seconds",
    help: ["Probe a link that has been idle for this long. 0 is never."],
    sets: "healthMs",
    kind: time("s"),
  }),
  row({
    key: "PROB",
    name: "probe",
    usage: "PROB=hex",
    help: ["The request that probes a link. Without it the daemon uses TCP keepalive."],
    sets: "probe",
    kind: PROBE,
  }),
  row({
    key: "IDLE",
    name: "idle-timeout",
    usage: "IDLE=seconds",
    help: ["Close the links this long after the last client has left."],
    sets: "idleMs",
    kind: time("s"),
  }),
  row({
    key: "GAPM",
    name: "gap",
    usage: "GAPM=ms",
    help: ["Pause between an answer and the next request on a link."],
    sets: "gapMs",
    kind: time("ms", 0, MAX_MS),
  }),
  row({
    key: "MAXA",
    name: "max-age",
    usage: "MAXA=seconds",
    help: ["Connect again when a link is this old. 0 is never."],
    sets: "maxAgeMs",
    kind: time("s"),
  }),
  row({
    key: "CACH",
    name: "cache",
    usage: "CACH=ms",
    help: ["Answer identical Modbus and Conbus reads from the last answer for this long. 0 is never."],
    sets: "cacheMs",
    kind: time("ms", 0, MAX_MS),
  }),
  row({
    key: "RDON",
    name: "read-only",
    usage: "RDON=deny|ignore",
    help: ["Keep Modbus writes from the device: refuse them (deny), or answer them as done (ignore)."],
    sets: "writes",
    kind: WRITES,
  }),
  row({
    key: "MODE",
    name: "mode",
    usage: "MODE=request|broadcast",
    help: [
      "request: each answer goes to the client that asked. broadcast: everything that the device",
      "says goes to every client.",
    ],
    sets: "mode",
    kind: word(["request", "broadcast"]),
  }),
];
