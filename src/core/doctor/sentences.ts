import { MODBUS_WORDS } from "../mux/modbus-forms.js";
import { MAX_REGISTERS } from "../mux/register-ranges.js";
import { formatSeconds } from "../parse/duration.js";
import { printable } from "../parse/text.js";
import type { IdHabit } from "./ids.js";
import type { Observations, Seen } from "./observations.js";

const ID_WORDS: Readonly<Record<IdHabit, string | undefined>> = {
  kept: "each answer carries the id of its request",
  swapped: "answers carry the id with its bytes swapped; the daemon pairs them by their order",
  constant: "answers carry always the same id; the daemon pairs them by their order",
  counted: "answers carry a counter of the device; the daemon pairs them by their order",
  others: "answers carry ids of their own; the daemon pairs them by their order",
  unknown: undefined,
};

const LONGEST_GREETING = 60;

/** A topic, and what was seen of it as a sentence; undefined where nothing is worth a line. */
type Sentences = {
  readonly [K in keyof Observations]: readonly [topic: string, say: (value: Observations[K]) => string | undefined];
};

const SENTENCES: Sentences = {
  connectMs: ["connect", (ms) => `connected in ${whole(ms)}`],
  greeting: [
    "greeting",
    (text) =>
      text === ""
        ? undefined
        : `says something behind the connect: ${printable(text.trim().slice(0, LONGEST_GREETING))}`,
  ],
  framing: ["framing", (framing) => `${framing}: ${MODBUS_WORDS[framing]}`],
  reading: [
    "register",
    ({ code, register, exception }) => {
      const what = `${code === 3 ? "holding" : "input"} register ${register}`;
      if (exception === undefined) return `${what} can be read (function ${code})`;
      return `${what}: exception ${exception}; --register names another one`;
    },
  ],
  readyMs: [
    "after connect",
    (ms) => (ms === 0 ? "answers at once" : `requests within ${whole(ms)} of a connect get no answer`),
  ],
  echoes: ["echo", (echoes) => (echoes ? "each request comes back before its answer" : undefined)],
  ids: ["ids", (habit) => ID_WORDS[habit]],
  answersAs: ["unit", (unit) => (unit === undefined ? undefined : `answers as unit ${unit}`)],
  speed: [
    "speed",
    ({ reads, p50Ms, worstMs, lost }) =>
      `${reads} reads: p50 ${tenths(p50Ms)}, worst ${tenths(worstMs)}${lost > 0 ? `; ${lost} without an answer` : ""}`,
  ],
  gapMs: ["pause", (ms) => (ms === 0 ? undefined : `needs ${ms} ms between an answer and the next request`)],
  unaskedBytes: [
    "noise",
    (bytes) => (bytes === 0 ? undefined : `${bytes} bytes around the answers that nobody asked for`),
  ],
  closesAfterAnswer: ["close", (closes) => (closes ? "closes the connection behind each answer" : undefined)],
  mostRegisters: [
    "registers",
    (count) =>
      count === 0
        ? undefined
        : `${count} registers at once, from that one on${count === MAX_REGISTERS ? ": the most that Modbus allows" : ""}`,
  ],
  links: [
    "connections",
    ({ count, tried, kept }) => {
      if (kept === "newest") return "takes one at a time: a new one ends the one before";
      if (count === 1) return "takes one at a time";
      return count === tried ? `takes ${count} at a time, maybe more` : `takes ${count} at a time`;
    },
  ],
  pipeline: [
    "pipelining",
    (pipeline) => {
      if (pipeline.kind === "not tried") return `not tried: ${pipeline.reason}`;
      const { requests } = pipeline;
      if (requests === 1) return "wants one request at a time on a connection";
      return `takes ${requests} requests at once on a connection`;
    },
  ],
  idle: [
    "idle",
    (idle) => {
      if (idle.kind === "not tried") return `not tried: ${idle.reason}`;
      if (idle.kind === "cut") return `cuts a connection that has been idle for ${seconds(idle.ms)}`;
      if (idle.kind === "dies")
        return `a connection idle for ${seconds(idle.ms)} stays open and gets no answer any more${stillAlive(idle.aliveMs)}`;
      return `keeps a connection that has been idle for ${seconds(idle.ms)}`;
    },
  ],
};

function stillAlive(ms: number): string {
  return ms === 0 ? "" : `; behind ${seconds(ms)} it does`;
}

function whole(ms: number): string {
  return `${Math.ceil(ms)} ms`;
}

function tenths(ms: number): string {
  return ms < 10 ? `${Math.max(0.1, ms).toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

function seconds(ms: number): string {
  return ms < 1000 ? whole(ms) : formatSeconds(ms);
}

/** Columns of the topic. */
const TOPIC_WIDTH = 15;

/** The lines that tell what was seen, in the order of the observations. */
export function sentences(seen: Seen): string[] {
  const lines: string[] = [];
  for (const key of Object.keys(seen) as (keyof Observations)[]) {
    const [topic, say] = SENTENCES[key] as readonly [string, (value: unknown) => string | undefined];
    const text = say(seen[key]);
    if (text !== undefined) lines.push(`  ${topic.padEnd(TOPIC_WIDTH)}${text}`);
  }
  return lines;
}
