import { formatHostPort, type HostPort } from "../net/address.js";
import { formatDuration } from "../parse/duration.js";
import type { NotTried, Observations } from "./observations.js";

/** An option of `[mux]` that the device wants, and why. */
export interface Advice {
  /** The long name. */
  readonly option: string;
  readonly value: string;
  /** One sentence, for a comment. */
  readonly why: string;
}

type Rule = (seen: Observations) => Advice | undefined;

/** Room for a connect or an answer that takes longer than those that were measured. */
const DELAY_FACTOR = 1.25;
const SLOW_FACTOR = 5;
/** Clients give up after 3 to 10 s, and should see an error before. */
const LEAST_TIMEOUT_MS = 3000;
/** Links are closed so much earlier than the device would do it. */
const IDLE_FACTOR = 0.8;
const LEAST_IDLE_MS = 1000;
/** Connections are left to others. */
const MOST_POOL = 4;

const RULES: readonly Rule[] = [
  ({ framing }) => ({
    option: "protocol",
    value: framing,
    why:
      framing === "modbus"
        ? "The device answers in this framing."
        : `The device answers in this framing. For clients of Modbus/TCP: protocol=modbus, device-protocol=${framing}.`,
  }),
  ({ echoes }) =>
    echoes
      ? {
          option: "echo",
          value: "strip",
          why: "Each request comes back before its answer: an echo must not confirm a write.",
        }
      : undefined,
  ({ readyMs }) =>
    readyMs === 0
      ? undefined
      : {
          option: "delay",
          value: tenths(readyMs * DELAY_FACTOR),
          why: `The device needs about ${tenths(readyMs, Math.round)} after a connect: what it is asked earlier gets no answer.`,
        },
  ({ speed, readyMs }) =>
    speed.reads === 0
      ? undefined
      : {
          option: "timeout",
          value: seconds(Math.max(LEAST_TIMEOUT_MS, SLOW_FACTOR * speed.worstMs) + DELAY_FACTOR * readyMs),
          why: `The slowest of ${speed.reads} answers took ${Math.ceil(speed.worstMs)} ms.`,
        },
  ({ gapMs }) =>
    gapMs === 0
      ? undefined
      : {
          option: "gap",
          value: formatDuration(gapMs),
          why: "Without a pause between an answer and the next request the device loses requests.",
        },
  ({ idle }) =>
    idle.kind === "kept" || idle.kind === "not tried" || idle.ms < LEAST_IDLE_MS
      ? undefined
      : {
          option: "link-idle",
          value: formatDuration(Math.floor((lifeMs(idle) * IDLE_FACTOR) / 1000) * 1000 || LEAST_IDLE_MS),
          why: "The daemon closes idle links before the device does it: no write meets a link that is just being cut.",
        },
  ({ pipeline }) => {
    const requests = pipelined(pipeline);
    if (requests === 1) return undefined;
    return {
      option: "pipeline",
      value: String(requests),
      why: `The device took ${requests} requests at once and answered each of them.`,
    };
  },
  ({ pipeline, links }) =>
    pipelined(pipeline) > 1 || !links.parallel || links.count < 3
      ? undefined
      : {
          option: "pool",
          value: String(Math.min(MOST_POOL, links.count - 1)),
          why: `The device takes ${links.count} connections and works on them at a time; one is left for others.`,
        },
];

function lifeMs(idle: Exclude<Observations["idle"], NotTried>): number {
  return idle.kind === "dies" ? idle.aliveMs : idle.ms;
}

function pipelined(pipeline: Observations["pipeline"]): number {
  return pipeline.kind === "tried" ? pipeline.requests : 1;
}

/** What `[mux]` is to say for a device: only options that differ from the default, in the order of the section. */
export function advise(seen: Observations): Advice[] {
  return RULES.map((rule) => rule(seen)).filter((advice) => advice !== undefined);
}

/** The section to paste: a comment with the reason above each option. */
export function section(target: HostPort, advice: readonly Advice[]): string {
  const rows = [
    { option: "listen", value: "5020", why: "Clients connect to this port." },
    { option: "target", value: formatHostPort(target), why: undefined },
    ...advice,
  ];
  const lines = rows.flatMap(({ option, value, why }) => [
    ...(why === undefined ? [] : [`# ${why}`]),
    `${option}=${value}`,
  ]);
  return ["[mux device]", ...lines].join("\n");
}

function seconds(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000);
}

/** A time in tenths of a second, rounded up. */
function tenths(ms: number, round = Math.ceil): string {
  return formatDuration(round(ms / 100) * 100);
}
