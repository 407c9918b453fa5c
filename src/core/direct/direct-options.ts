import type { MqttPayload } from "../mqtt/mqtt-message.js";
import { type OptionRow, rowsOf } from "../options/option-table.js";
import { time, type ValueKind, word } from "../options/value-kinds.js";
import { fail, ok } from "../parse/result.js";

/** Everything that only the options of a `[direct]` line can say. Times in milliseconds. */
export interface DirectOptions {
  /** Which of several servers a client gets: the first that can be reached, each in its turn, the one with fewest clients. */
  readonly balance: "first" | "round" | "least";
  /** How often servers are asked whether they can be reached; 0: never. */
  readonly checkMs: number;
  /** What a client gets when no server can be reached: a line that says so, or a reset. */
  readonly refusal: "error" | "reset";
  /** Whether a server is connected to for each client, or always, for the MQTT topic of the line. */
  readonly dial: "client" | "always";
  /** The MQTT topic of a line that is always connected: its clients have none. */
  readonly standingTopic?: string;
  /** How the bytes are published there; left out: as `[mqtt]` says. */
  readonly standingPayload?: MqttPayload;
  /** How long an answer to a Conbus read is given again; 0: never. */
  readonly shareMs: number;
  /** Most Conbus telegrams a second towards the server; 0: no limit. */
  readonly rate: number;
}

export const DEFAULT_DIRECT_OPTIONS: DirectOptions = {
  balance: "first",
  checkMs: 10_000,
  refusal: "error",
  dial: "client",
  shareMs: 0,
  rate: 0,
};

const MAX_SHARE_MS = 86_400_000;
const MAX_RATE = 1_000_000;

/** Telegrams per second: `10` or `10/s`, fractions allowed. */
const RATE: ValueKind<number> = {
  unit: "telegrams/s",
  range: `more than 0, up to ${MAX_RATE}`,
  parse(value) {
    const number = value.replace(/\/s$/i, "");
    const rate = /^\d+(\.\d+)?$/.test(number) ? Number(number) : Number.NaN;
    return rate > 0 && rate <= MAX_RATE ? ok(rate) : fail("a number of telegrams per second is wanted, such as 10/s");
  },
  print: (rate) => (rate === 0 ? "" : `${rate}/s`),
};

const row = rowsOf<DirectOptions>(DEFAULT_DIRECT_OPTIONS);

/** All options that only a line of `[direct]` takes, in the order that help and documents show them. */
export const DIRECT_OPTIONS: readonly OptionRow<DirectOptions>[] = [
  row({
    key: "BALA",
    name: "balance",
    usage: "BALA=first|round|least",
    help: [
      "Which of several servers a client gets: the first that can be reached (first), each in its",
      "turn (round), or the one with the fewest clients (least).",
    ],
    sets: "balance",
    kind: word(["first", "round", "least"]),
  }),
  row({
    key: "HLTH",
    name: "health-check",
    usage: "HLTH=seconds",
    help: ["Check each of several servers at this interval. 0 is never."],
    sets: "checkMs",
    kind: time("s"),
  }),
  row({
    key: "FAIL",
    name: "on-failure",
    usage: "FAIL=error|reset",
    help: ["What a client gets whose server cannot be reached: the line ERR CONN (error), or a reset", "(reset)."],
    sets: "refusal",
    kind: word(["error", "reset"]),
  }),
  row({
    key: "DIAL",
    name: "dial",
    usage: "DIAL=client|always",
    help: [
      "With mqtt (NMQT): always stays connected to a server without any client, publishes its bytes, and",
      "writes to it what is published at TOPIC/set.",
    ],
    sets: "dial",
    kind: word(["client", "always"]),
  }),
  row({
    key: "CACH",
    name: "cache",
    usage: "CACH=ms",
    help: ["Answer identical Conbus reads from the last answer for this long. 0 is never."],
    sets: "shareMs",
    kind: time("ms", 0, MAX_SHARE_MS),
  }),
  row({
    key: "RATE",
    name: "rate",
    usage: "RATE=n/s",
    help: ["Pass at most this many Conbus telegrams a second to the server. The others wait."],
    sets: "rate",
    kind: RATE,
  }),
];
