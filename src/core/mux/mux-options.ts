import type { ModbusName } from "./modbus-forms.js";
import type { Protocol, Writes } from "./protocol.js";
import { PROTOCOLS } from "./protocols/protocols.js";
import type { PublishRule } from "./publish/publish-rule.js";
import type { WritePolicy } from "./write-policy.js";
import type { WriteRule } from "./write-rule.js";

/** How a mux shares its device. Times in milliseconds. */
export interface MuxOptions {
  /** That of the clients; of a line that is checked, with that of the device. */
  readonly protocol: Protocol;
  /** The framing of a Modbus device that has another one than its clients. */
  readonly deviceProtocol?: ModbusName;
  /** Units of a Modbus device by units of clients, where they differ. */
  readonly unitMap?: ReadonlyMap<number, number>;
  /** The unit of a Modbus device that stands for all units. */
  readonly broadcastUnit?: number;
  /** Functions of Modbus that only read, besides those of the specification. */
  readonly reads?: readonly number[];
  /** Links to the device, at most. */
  readonly pool: number;
  /** Requests outstanding on one link, at most. */
  readonly pipe: number;
  /** Requests of one client that wait, at most. */
  readonly queue: number;
  /** From the arrival of a request to its answer, all waiting included. */
  readonly timeoutMs: number;
  /** How long the device may take once it has the request; left out: as long as `timeoutMs`. See {@link answerLimitMs}. */
  readonly answerMs?: number;
  /** How long a client may send or read nothing in the middle of its request or answer. */
  readonly stallMs: number;
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
  /** How long a link stays without a request though there are clients; 0: no limit. */
  readonly linkIdleMs: number;
  /** Between an answer and the next request of a link. */
  readonly gapMs: number;
  /** Longest life of a link; 0: no limit. */
  readonly maxAgeMs: number;
  /** How long an answer is given again to identical reads; 0: not at all. */
  readonly cacheMs: number;
  /** One request stands for reads of ranges that lie at most so many registers apart; 0: for identical ones only. */
  readonly mergeGap: number;
  /** What becomes of all writes (RDON). */
  readonly readOnly: Writes;
  /** What becomes of writes that no rule allows; absent: there are no rules, and no line in the log for each write. */
  readonly otherWrites?: WritePolicy["others"];
  /** What may be written though `otherWrites` says deny. */
  readonly allowedWrites: readonly WriteRule[];
  /** How long a client that has written keeps others from writing; 0: not at all. */
  readonly writerLockMs: number;
  /** Values of a Modbus device that are published when they pass. */
  readonly publish: readonly PublishRule[];
  /** Of those, the daemon asks for what nobody has asked for in this time; 0: it does not. A rule may say something else. */
  readonly pollMs: number;
  /** What becomes of a message of the device that no request waits for. */
  readonly unsolicited: "drop" | "broadcast";
  /** Whether a request that comes back is an answer: `auto` learns it. */
  readonly echo: "auto" | "strip" | "off";
  /** Whether answers with ids of the device's own are taken. */
  readonly match: "auto" | "strict";
  /** `broadcast`: whatever the device says goes to every client. */
  readonly mode: "request" | "broadcast";
  /** `replay`: each client gets the greeting of the device, however late it comes. */
  readonly greeting?: "replay";
  /** What the device gets after each connect. */
  readonly login?: Buffer;
}

const [ECHO] = PROTOCOLS;

export const DEFAULT_MUX_OPTIONS: MuxOptions = {
  protocol: ECHO as Protocol,
  pool: 1,
  pipe: 1,
  queue: 32,
  timeoutMs: 60_000,
  stallMs: 5000,
  delayMs: 0,
  retryMs: 1000,
  healthMs: 30_000,
  idleMs: 60_000,
  linkIdleMs: 0,
  gapMs: 0,
  maxAgeMs: 0,
  cacheMs: 0,
  mergeGap: 0,
  readOnly: "pass",
  allowedWrites: [],
  writerLockMs: 0,
  publish: [],
  pollMs: 0,
  unsolicited: "drop",
  echo: "auto",
  match: "auto",
  mode: "request",
};

/** How long the device may take for an answer once it has the request, in milliseconds (ATIM, docs/mux.md). */
export function answerLimitMs({ timeoutMs, answerMs = timeoutMs }: MuxOptions): number {
  return answerMs;
}
