import { type OptionRow, rowsOf } from "../options/option-table.js";
import { count, time, word } from "../options/value-kinds.js";
import { DEFAULT_MUX_OPTIONS, type MuxOptions } from "./mux-options.js";
import { DEVICE_PROTOCOL, PROBE, PROTOCOL, UNIT_MAP, WRITES } from "./mux-value-kinds.js";

/** The most that POOL, PIPE and QLEN may say. */
const MAX_LINKS = 64;
const MAX_QUEUE = 10_000;
const MAX_MS = 86_400_000;

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
    key: "DPRO",
    name: "device-protocol",
    usage: "DPRO=protocol",
    help: ["The framing of a Modbus device, where its clients have another one."],
    sets: "deviceProtocol",
    kind: DEVICE_PROTOCOL,
  }),
  row({
    key: "UMAP",
    name: "unit-map",
    usage: "UMAP=unit:unit,...",
    help: ["Modbus units of the clients, and the device's units that they stand for."],
    sets: "unitMap",
    kind: UNIT_MAP,
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
    sets: "timeoutMs",
    kind: time("s", 1),
  }),
  row({
    key: "ATIM",
    name: "answer-timeout",
    usage: "ATIM=seconds",
    help: ["How long the device may take once it has the request. Without it as long as TIME."],
    sets: "answerMs",
    kind: time("s", 1),
  }),
  row({
    key: "STAL",
    name: "stall",
    usage: "STAL=seconds",
    help: ["Close a client that stops for so long in the middle of its request or of its answer."],
    sets: "stallMs",
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
    key: "LIDL",
    name: "link-idle",
    usage: "LIDL=seconds",
    help: ["Close a link that has had no request for this long, though there are clients. 0 is never."],
    sets: "linkIdleMs",
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
    key: "UNSO",
    name: "unsolicited",
    usage: "UNSO=drop|broadcast",
    help: ["What nobody asked for: drop it, or send it to every client. echo, iso8583 and mpu only."],
    sets: "unsolicited",
    kind: word(["drop", "broadcast"]),
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
