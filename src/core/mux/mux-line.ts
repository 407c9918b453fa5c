import { formatHostPort, parseHostPort } from "../net/address.js";
import { LINE_OPTIONS, OPTIONS } from "../options/conn-option-rows.js";
import { type ConnOptions, DEFAULT_OPTIONS } from "../options/conn-options.js";
import { type ConnRequest, checkConnRequest, NO_TARGET, parseTarget } from "../options/conn-request.js";
import type { LineFormat } from "../options/line-format.js";
import { findRow, type OptionRow, parseOptions, splitOptions } from "../options/option-table.js";
import { parkingProblem } from "../park/parking-problem.js";
import { fail, ok, type Result } from "../parse/result.js";
import { MUX_OPTIONS } from "./mux-option-rows.js";
import { answerLimitMs, DEFAULT_MUX_OPTIONS, type MuxOptions } from "./mux-options.js";
import type { Protocol } from "./protocol.js";
import { modbusFormOf } from "./protocols/modbus-protocol.js";
import { hasRules, protocolOfLine } from "./protocols/protocols.js";
import { rawProtocol } from "./protocols/raw-protocol.js";
import { faultOfPublish } from "./publish/publish-fault.js";

/** What a line of `[mux]` asks for: a device, and how to share it. */
export interface MuxRoute extends ConnRequest {
  readonly mux: MuxOptions;
}

type LineOptions = ConnOptions & MuxOptions;

const ROWS: readonly OptionRow<LineOptions>[] = [
  ...MUX_OPTIONS,
  ...LINE_OPTIONS,
  ...OPTIONS.filter(({ key }) => findRow(MUX_OPTIONS, key) === undefined),
];

/** How lines of `[mux]` are read and printed. They take the options of CONN, too. */
export const MUX_FORMAT: LineFormat<LineOptions, MuxRoute> = {
  placeKey: "target",
  rows: ROWS,
  suggested: ROWS,
  defaults: { ...DEFAULT_OPTIONS, ...DEFAULT_MUX_OPTIONS },
  build([place, ...more], options) {
    if (place === undefined) return fail(NO_TARGET);
    if (more.length > 0) return fail(`${more.length + 1} targets: a mux shares one device`);
    const target = parseHostPort(place);
    return target.ok ? checkMuxRoute({ target: target.value, ...apart(options) }) : target;
  },
  placesOf: ({ target }) => [formatHostPort(target)],
  optionsOf: ({ options, mux }) => ({ ...options, ...mux }),
};

/** Reads `host:port [KEY=value …]`, the value of a `[mux]` line. */
export function parseMuxRoute(text: string): Result<MuxRoute> {
  const parsed = parseTarget(text);
  if (!parsed.ok) return parsed;
  const { target, words } = parsed.value;
  const options = parseOptions(words, ROWS, MUX_FORMAT.defaults, "file");
  return options.ok ? checkMuxRoute({ target, ...apart(options.value) }) : options;
}

/** Tells the options of clients, which STAT shows, from those of the mux. */
function apart(all: LineOptions): Pick<MuxRoute, "options" | "mux"> {
  const [mux, options] = splitOptions<MuxOptions, ConnOptions>(all, MUX_OPTIONS);
  return { options, mux };
}

/** A line whose options go together. Its protocol is that of clients and device. */
export function checkMuxRoute(route: MuxRoute): Result<MuxRoute> {
  const protocol = protocolOfLine(route.mux, route.options.lineEnd);
  if (!protocol.ok) return protocol;
  const mux = { ...route.mux, protocol: protocol.value };
  const fault = faultOf(mux, route.options);
  if (fault !== undefined) return fail(fault);
  const checked = checkConnRequest(route);
  return checked.ok ? ok({ ...route, ...checked.value, mux }) : checked;
}

/** Why options do not go together. */
function faultOf(mux: MuxOptions, options: ConnOptions): string | undefined {
  const { protocol, probe } = mux;
  const { name } = protocol.framing;
  const { name: deviceName } = protocol.deviceFraming;
  if (options.transport === "udp") return "PRTO=udp: a mux has tcp or tls links";
  const parking = parkingProblem(options, "mux");
  if (parking !== undefined) return parking;
  if (mux.pipe > 1 && !protocol.hasIds) return `PIPE=${mux.pipe}: messages of ${deviceName} carry no ids`;
  const isModbus = modbusFormOf(protocol) !== undefined;
  if (!isModbus && mux.readOnly !== "pass") return "RDON goes with Modbus only";
  if (!isModbus && mux.mergeGap > 0) return "MERG goes with Modbus only";
  if (!isModbus && name !== "conbus" && mux.cacheMs > 0) return "CACH goes with Modbus and Conbus only";
  if (mux.mode === "request" && protocol === rawProtocol) return `PROT=${name} goes with MODE=broadcast`;
  if (answerLimitMs(mux) > mux.timeoutMs) {
    return `ATIM=${answerLimitMs(mux) / 1000} is longer than TIME=${mux.timeoutMs / 1000}: nobody waits for that answer`;
  }
  const forRequests =
    probe !== undefined ||
    mux.cacheMs > 0 ||
    mux.mergeGap > 0 ||
    mux.maxAgeMs > 0 ||
    mux.linkIdleMs > 0 ||
    mux.readOnly !== "pass";
  if (mux.mode === "broadcast" && (mux.pool > 1 || mux.pipe > 1 || forRequests)) {
    return "MODE=broadcast has one link, and goes without POOL, PIPE, PROB, MAXA, LIDL, CACH, MERG and RDON";
  }
  if (mux.mode === "request" && mux.greeting !== undefined) return "GREE goes with MODE=broadcast only";
  if (mux.mode === "request" && mux.login !== undefined && mux.delayMs === 0) {
    return "LOGN with MODE=request wants DLAY: what the device says to a login must not answer the first request";
  }
  const translates = hasRules(mux) || deviceName !== name;
  if (mux.mode === "broadcast" && translates) {
    return "MODE=broadcast passes bytes as they are: without DPRO, UMAP, BCST and READ";
  }
  const fault = faultOfMatching(mux, isModbus) ?? faultOfWrites(mux) ?? faultOfPublish(mux);
  return fault ?? (probe === undefined ? undefined : faultOfProbe(probe, protocol));
}

/** Why what decides about answers does not go together. */
function faultOfMatching(
  { protocol, mode, unsolicited, echo, match }: MuxOptions,
  isModbus: boolean,
): string | undefined {
  if (unsolicited === "broadcast" && (protocol.unasked !== "messages" || mode === "broadcast")) {
    return "UNSO=broadcast goes with echo, iso8583 and mpu only, and with MODE=request";
  }
  if (echo === "strip" && (protocol.unasked === "suspect" || mode === "broadcast")) {
    return "ECHO=strip goes with MODE=request, and not with http";
  }
  return match === "strict" && (!isModbus || mode === "broadcast")
    ? "MATC goes with Modbus and MODE=request only"
    : undefined;
}

const MAX_RULES = 64; // each write is held against all of them

/** Why options about writes do not go together. */
function faultOfWrites({
  protocol,
  mode,
  readOnly,
  otherWrites,
  allowedWrites,
  writerLockMs,
}: MuxOptions): string | undefined {
  const isGuarded = otherWrites !== undefined || allowedWrites.length > 0 || writerLockMs > 0;
  if (!isGuarded) return undefined;
  if (modbusFormOf(protocol) === undefined) return "WRIT, ALWR and WLCK go with Modbus only";
  if (mode === "broadcast") return "MODE=broadcast passes bytes as they are: without WRIT, ALWR and WLCK";
  if (readOnly !== "pass") return "RDON keeps every write from the device: it goes without WRIT, ALWR and WLCK";
  if (allowedWrites.length > 0 && otherWrites !== "deny")
    return "ALWR goes with WRIT=deny: all writes are allowed without it";
  return allowedWrites.length > MAX_RULES ? `${allowedWrites.length} times ALWR: ${MAX_RULES} are the most` : undefined;
}

/** Why bytes are no whole request of the clients' protocol. */
function faultOfProbe(probe: Buffer, protocol: Protocol): string | undefined {
  const { framing } = protocol;
  const [cut, ...more] = framing.requests().push(probe);
  if (cut?.kind !== "frame" || more.length > 0 || cut.bytes.length !== probe.length) {
    return `PROB: that is not one whole request of ${framing.name}`;
  }
  const understood = protocol.interpret(probe, cut.head, "pass");
  return understood.kind === "error" ? `PROB: ${understood.reason}` : undefined;
}
