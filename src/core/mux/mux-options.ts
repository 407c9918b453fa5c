import type { OptionRow } from "../options/option-table.js";
import { parseKeyword } from "../parse/keyword.js";
import { parseInteger, parseSeconds } from "../parse/number.js";
import { fail, map, ok, type Result } from "../parse/result.js";
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

/** A row of the table of options. */
type MuxOptionRow = OptionRow<MuxOptions>;

/** The most that POOL, PIPE and QLEN may say. */
export const MAX_LINKS = 64;
export const MAX_QUEUE = 10_000;
const NAMES = PROTOCOLS.map(({ framing }) => framing.name).join("|");

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

function parseProtocol(value: string): Result<Partial<MuxOptions>> {
  const protocol = findProtocol(value);
  return protocol === undefined ? fail(`${NAMES} is wanted`) : ok({ protocol });
}

function parseProbe(value: string): Result<Partial<MuxOptions>> {
  return /^([0-9a-f]{2})+$/i.test(value)
    ? ok({ probe: Buffer.from(value, "hex") })
    : fail("a whole request in hexadecimal digits is wanted");
}

/** A row whose value is a time in seconds. */
function seconds(key: string, name: keyof MuxOptions, help: string, min = 0): MuxOptionRow {
  return {
    key,
    usage: `${key}=seconds`,
    help: [help],
    parse: (value) => {
      const ms = parseSeconds(value);
      return ms.ok && ms.value < min ? fail(`more than 0 is wanted`) : map(ms, (time) => ({ [name]: time }));
    },
  };
}

/** A row whose value is a whole number. */
function count(
  key: string,
  name: keyof MuxOptions,
  unit: string,
  min: number,
  max: number,
  help: string,
): MuxOptionRow {
  return {
    key,
    usage: `${key}=${unit}`,
    help: [help],
    parse: (value) => map(parseInteger(value, min, max), (number) => ({ [name]: number })),
  };
}

const MAX_MS = 86_400_000;

/** All options that only a line of `[mux]` takes, in the order README and `mux --help` show them. */
export const MUX_OPTIONS: readonly MuxOptionRow[] = [
  {
    key: "PROT",
    usage: "PROT=protocol",
    help: ["How messages are told apart (default: echo):", `${NAMES}.`],
    parse: parseProtocol,
  },
  count("POOL", "pool", "n", 1, MAX_LINKS, "Links to the device at a time (default: 1)."),
  count(
    "PIPE",
    "pipe",
    "n",
    1,
    MAX_LINKS,
    "Requests outstanding on one link; modbus and modbus-rtu only (default: 1).",
  ),
  count("QLEN", "queue", "n", 1, MAX_QUEUE, "Requests of one client that may wait (default: 32)."),
  seconds("TIME", "answerMs", "Longest time until an answer (default: 60).", 1),
  seconds("DLAY", "delayMs", "Wait after connecting, before the first request (default: 0)."),
  seconds(
    "RTRY",
    "retryMs",
    "First wait after a failed attempt to connect; doubled with each (default: 1, the least).",
  ),
  seconds("HLTH", "healthMs", "Probe a link that has been idle for so long; 0: never (default: 30)."),
  {
    key: "PROB",
    usage: "PROB=hex",
    help: ["The request to probe by; without it TCP keepalive is used."],
    parse: parseProbe,
  },
  seconds("IDLE", "idleMs", "Close the links so long after the last client has left (default: 60)."),
  count("GAPM", "gapMs", "ms", 0, MAX_MS, "Pause between an answer and the next request on a link (default: 0)."),
  seconds("MAXA", "maxAgeMs", "Make a link anew when it is so old (default: 0, never)."),
  count(
    "CACH",
    "cacheMs",
    "ms",
    0,
    MAX_MS,
    "Answer identical Modbus and Conbus reads from the last answer so long (default: 0, never).",
  ),
  {
    key: "RDON",
    usage: "RDON=deny|ignore",
    help: ["Modbus writes are refused, or answered as done without reaching the device."],
    parse: (value) => map(parseKeyword(value, ["deny", "ignore"]), (writes) => ({ writes })),
  },
  {
    key: "MODE",
    usage: "MODE=request|broadcast",
    help: ["broadcast: all that the device says goes to every client (default: request)."],
    parse: (value) => map(parseKeyword(value, ["request", "broadcast"]), (mode) => ({ mode })),
  },
];
