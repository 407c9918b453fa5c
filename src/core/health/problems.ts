import { Tally } from "../collections/tally.js";
import type { DirectStatus } from "../direct/direct-status.js";
import type { MuxStatus } from "../mux/mux-status.js";
import type { SilentUnit } from "../mux/unit-health.js";
import type { LineId } from "../net/client-origin.js";
import type { DaemonStatus, ListenerStatus, NotificationsStatus } from "../status/daemon-status.js";
import { type Gathering, gatherEach, type LineNames } from "../status/gathering.js";
import type { BlockedPort, DeviceStatus, TunnelStatus } from "../tunnel/tunnel-status.js";
import { type Problem, type ProblemKind, wordsOf } from "./problem.js";

type ListenerPlace = Pick<ListenerStatus, "port" | "address"> & { readonly section?: string | undefined };

/** What the problems are found in. */
export type HealthFacts = Pick<DaemonStatus, "listeners" | "directs" | "muxes" | "tunnels" | "devices"> &
  Partial<Pick<DaemonStatus, "vera" | "notifications" | "mqtt" | "webhooks">>;

const MINUTE_MS = 60_000;
/** Whoever has asked a device within this time still asks for it: programs poll more often, and a silent unit is tried every 30 s. */
const ASKING_MS = MINUTE_MS;
/** A device is silent when it has left so many requests without an answer, for so long: one lost answer proves nothing. */
export const SILENT = { requests: 3, ms: 10_000 };

/** A problem before it is put into words. */
interface Finding extends Omit<Problem, "since" | "subject" | "what" | "state"> {
  /** How long it has lasted, in milliseconds; or when it began, in ISO 8601. */
  readonly since: number | string;
}

/**
 * What is wrong with the daemon and with what it talks to: errors first, those that have lasted longest first.
 *
 * @param momentBefore the moment so many milliseconds ago, in ISO 8601; `what` tells one problem from others
 */
export function* problemsOf(
  facts: HealthFacts,
  momentBefore: (ms: number, what: string) => string,
): Gathering<Problem[]> {
  const servers = countsOf(facts.devices);
  const findings = [
    ...(yield* gatherEach(facts.listeners, ofListener)),
    ...(yield* gatherEach(facts.muxes, ofMux)),
    ...(yield* gatherEach(facts.tunnels, ofTunnel)),
    ofNotifications(facts),
    ...(yield* gatherEach(facts.devices, (device) => ofDevice(device, servers))),
    ofMqtt(facts),
    ofWebhooks(facts),
    ...(yield* gatherEach(facts.directs, ofDirect)),
  ].flat();
  findings.sort((one, other) => Number(one.severity === "warning") - Number(other.severity === "warning"));
  return yield* gatherEach(findings, ({ since, ...problem }) => ({
    severity: problem.severity,
    kind: problem.kind,
    name: problem.name,
    since: typeof since === "string" ? since : momentBefore(since, `${problem.kind} ${problem.name}`),
    ...wordsOf(problem.kind, problem.name),
    why: problem.why,
    ...(problem.cause !== undefined && { cause: problem.cause }),
    ...(problem.line !== undefined && { line: problem.line }),
  }));
}

/** How many servers each section of a device has. */
function countsOf(devices: readonly DeviceStatus[]): Tally<string> {
  const servers = new Tally<string>();
  for (const { name } of devices) if (name !== undefined) servers.add(name);
  return servers;
}

/** A configuration line as {@link Problem.line} has it. */
export function lineKey({ port, name }: LineId): string {
  return name ?? String(port);
}

/** The names of a configuration line. */
export function namesOfLine(line: LineId): LineNames {
  return [lineKey(line), String(line.port)];
}

/** The line of a port, or of a Unix socket, as {@link Problem.line} has it. */
export function listenerKey({ section, port, address }: ListenerPlace): string {
  return section ?? (port === 0 ? address : String(port));
}

function ofListener(listener: ListenerStatus): Finding[] {
  return ofPort(listener, listenerKey(listener));
}

function ofPort({ name, problem, problemMs = 0 }: BlockedPort, line: string): Finding[] {
  return problem === undefined ? [] : [error("listener-down", name, problemMs, problem, line)];
}

function ofMux(mux: MuxStatus): Finding[] {
  const line = lineKey(mux);
  const { down, downMs = 0, reason = "", clientCount, askedMs, silentMs = 0, unanswered, silentUnits = [] } = mux;
  const isPolled = mux.values?.some(({ pollMs }) => pollMs !== undefined) ?? false; // seldom, while the device is away
  const isAsked = isPolled || (askedMs !== undefined && askedMs <= ASKING_MS);
  if (down) {
    const isWanted = isAsked || clientCount > 0; // a client that waits for the device to speak asks nothing
    return isWanted ? [at(mux.target, reason, error("device-down", line, downMs, "", line))] : [];
  }
  const isSilent = isAsked && unanswered >= SILENT.requests && silentMs >= SILENT.ms;
  if (!isSilent) return silentUnits.filter(({ missedMs }) => missedMs <= ASKING_MS).map((unit) => ofUnit(mux, unit));
  const silent = warning("device-silent", line, silentMs, "", line);
  return [{ ...at(mux.target, `${unanswered} requests without an answer`, silent), cause: "no answer" }];
}

function ofUnit(mux: MuxStatus, { unit, ms }: SilentUnit): Finding {
  const line = lineKey(mux);
  const silent = warning("device-silent", `${line} unit ${unit}`, ms, "", line);
  return { ...at(mux.target, `unit ${unit} does not answer while others do`, silent), cause: "others answer" };
}

function ofTunnel(tunnel: TunnelStatus): Finding[] {
  const line = lineKey(tunnel);
  return (tunnel.devices ?? [tunnel]).flatMap((slot) => {
    const { absentMs, reason = "", blocked = [] } = slot;
    const device = "device" in slot ? slot.device : undefined;
    const name = device === undefined ? line : `${line} ${device}`;
    const link = absentMs === undefined ? [] : [lasting("link-down", name, absentMs, reason, line)];
    return [...blocked.flatMap((port) => ofPort(port, line)), ...link];
  });
}

/** @param servers of each section: a device has one of these for each server */
function ofDevice(device: DeviceStatus, servers: Tally<string>): Finding[] {
  const { name, server, absentMs, reason = "not connected yet" } = device;
  if (absentMs === undefined) return [];
  const line = name ?? server;
  const isAlone = name === undefined || servers.of(name) === 1;
  return [at(server, reason, warning("server-link-down", isAlone ? line : `${line} ${server}`, absentMs, "", line))];
}

function ofDirect(direct: DirectStatus): Finding[] {
  const line = lineKey(direct);
  return direct.servers
    .filter(({ state }) => state === "down")
    .map(({ address, since, reason = "" }) => {
      const name = direct.servers.length === 1 ? line : `${line} ${address}`;
      return at(address, reason, warning("server-down", name, since, "", line));
    });
}

function ofNotifications({ vera = "", notifications }: HealthFacts): Finding[] {
  if (notifications === undefined) return [];
  const { failing } = notifications;
  return [
    ...ofEngine(vera, notifications),
    ...failing
      .filter(({ fault }) => fault === "action")
      .map(({ action, count, ms, why }) => ({
        ...warning("plugin-failing", action, ms, count === 1 ? why : `${why}; ${count} connections`),
        ...(count > 1 && { cause: why }),
      })),
  ];
}

/** Never an error: what the daemon is there for goes on without the broker, and a fleet does not take a daemon out for it. */
function ofMqtt({ mqtt }: HealthFacts): Finding[] {
  if (mqtt === undefined) return [];
  const { broker, prefix, connected, why, sinceMs, droppedNow, sharedWith } = mqtt;
  const shared = sharedWith.slice(0, 1).map(({ host, sinceMs: knownMs }) => {
    const reason = `by the daemon on ${host}: give one of them another prefix in [mqtt]`;
    return warning("mqtt-prefix-shared", prefix, knownMs, reason);
  });
  if (connected && droppedNow === 0) return shared;
  const lost = droppedNow === 0 ? [] : [`${droppedNow} messages were dropped`];
  return [warning("mqtt-down", broker, sinceMs, [...(why === undefined ? [] : [why]), ...lost].join("; ")), ...shared];
}

/** Never an error, as for the broker. */
function ofWebhooks({ webhooks = [] }: HealthFacts): Finding[] {
  return webhooks.flatMap(({ name, failingMs, why = "", waiting, inFlight }) => {
    if (failingMs === undefined) return [];
    const some = waiting + inFlight;
    const wait = some === 0 ? "" : `; ${some === 1 ? "1 event waits" : `${some} events wait`}`;
    return [{ ...warning("webhook-failing", name, failingMs, `${why}${wait}`), cause: why }];
  });
}

/** An engine that is known to be away is a warning at once; notifications that nobody takes for a minute are an error, whatever the reason. */
function ofEngine(vera: string, { waiting, inFlight, untakenMs = 0, away }: NotificationsStatus): Finding[] {
  const some = waiting + inFlight;
  if (some === 0) return [];
  const why = `${some === 1 ? "1 notification waits" : `${some} notifications wait`}${away === undefined ? "" : `: ${away.why}`}`;
  if (untakenMs >= MINUTE_MS) return [error("notifications-down", vera, untakenMs, why)];
  return away === undefined ? [] : [warning("notifications-down", vera, away.ms, why)];
}

/** A problem of what has an address: its reason is that of others, too. */
function at(address: string, reason: string, finding: Finding): Finding {
  const cause = reason.replaceAll(address, "").replace(/^[\s:]+|[\s:]+$/g, "");
  return { ...finding, why: `${address}: ${reason}`, cause };
}

/** An error from a minute on: what is gone may come back by itself. */
function lasting(kind: ProblemKind, name: string, ms: number, why: string, line: string): Finding {
  return { severity: ms >= MINUTE_MS ? "error" : "warning", kind, name, since: ms, why, line };
}

function error(kind: ProblemKind, name: string, since: number | string, why: string, line?: string): Finding {
  return { severity: "error", kind, name, since, why, ...(line !== undefined && { line }) };
}

function warning(kind: ProblemKind, name: string, since: number | string, why: string, line?: string): Finding {
  return { ...error(kind, name, since, why, line), severity: "warning" };
}
