import { EVENT_NAMES, type GatewayEvent } from "../events/gateway-event.js";
import type { HostPort } from "../net/address.js";
import type { ClientOrigin } from "../net/client-origin.js";
import type { Endpoints } from "../net/proxy-protocol.js";
import { DEFAULT_OPTIONS } from "../options/conn-options.js";
import type { ConnRequest } from "../options/conn-request.js";
import { fail, ok, type Result } from "../parse/result.js";
import type { NotifyStatus } from "../status/daemon-status.js";

/** What a relay has done so far. */
export interface RelayProgress {
  /** Bytes from the remote, and to it. */
  readonly received: number;
  readonly sent: number;
  /** Since when the remote, and the client, have sent nothing, in milliseconds. */
  readonly receivedAgoMs: number;
  readonly sentAgoMs: number;
}

/** When the next notification of a connection is due; none is on its way. Times in milliseconds from now. */
export interface PacerState {
  /** Data has been written to the plugin that nothing has announced yet. */
  readonly unannounced: boolean;
  /** The pace allows nothing before; 0: it does. */
  readonly pacedForMs: number;
  /** The last one has failed, and is repeated then; 0: at once. */
  readonly retryInMs: number;
  /** Failures in a row. */
  readonly attempt: number;
}

/** The notifications of a connection on one way. */
export interface WayState extends PacerState, Omit<NotifyStatus, "repeatInMs"> {
  /** Of a way that tells everything: what is still to be told besides data, and how many bytes have been told. */
  readonly notices: readonly GatewayEvent[];
  readonly toldBytes: number;
}

/** A connection whose client has gone, and may come back. */
export interface ParkedState {
  /** What waits for the client, in Base64. */
  readonly bytes: string;
  /** The remote has sent FIN behind them. */
  readonly ended: boolean;
  /** Why the remote is closed behind them; left out: it is not. */
  readonly closed?: string;
  /** What the client sent must not be taken for the whole. */
  readonly isCut: boolean;
  /** It is kept for so long. */
  readonly restMs: number;
}

/** What a process needs to go on with the connection of a client that another one has accepted. */
export interface SessionState {
  readonly id: string;
  /** The name of the port that has accepted the client, as {@link HandedSocket} has it. */
  readonly port: string;
  readonly origin: ClientOrigin;
  readonly client: HostPort;
  readonly openedEpochMs: number;
  readonly ageMs: number;
  readonly progress: RelayProgress;
  /** What the client was connected to. Left out: its line gives it a remote again, as to a new client. */
  readonly remote?: {
    readonly peer: HostPort;
    readonly request: ConnRequest;
    /** Its notifications, by ways; none: it has no notifier. */
    readonly ways: readonly WayState[];
    /** Bytes that were written to the client and that its kernel may not have, in Base64; left out: nobody cares. */
    readonly unacknowledged?: string;
    /** Left out: the client is there. */
    readonly parked?: ParkedState;
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws with what is wrong, in words for the log */
function fieldsOf(value: unknown, what: string): Fields {
  if (isFields(value)) return value;
  throw new Error(`${what} is no object`);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new Error(`${name} is no text`);
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} is no number of 0 or more`);
}

function place(value: unknown, what: string): HostPort {
  const fields = fieldsOf(value, what);
  return { host: text(fields, "host"), port: count(fields, "port") };
}

function progressOf(value: unknown): RelayProgress {
  const fields = fieldsOf(value, "progress");
  return {
    received: count(fields, "received"),
    receivedAgoMs: count(fields, "receivedAgoMs"),
    sent: count(fields, "sent"),
    sentAgoMs: count(fields, "sentAgoMs"),
  };
}

function endpointsOf(value: unknown): Endpoints {
  const fields = fieldsOf(value, "endpoints");
  return { from: place(fields["from"], "from"), to: place(fields["to"], "to") };
}

function originOf(value: unknown): ClientOrigin {
  const fields = fieldsOf(value, "origin");
  const address = fields["address"] === undefined ? undefined : text(fields, "address");
  return {
    address,
    line: text(fields, "line"),
    hops: count(fields, "hops"),
    ...(fields["isProxied"] === true && { isProxied: true }),
    ...(fields["endpoints"] !== undefined && { endpoints: endpointsOf(fields["endpoints"]) }),
    ...(fields["tells"] === true && { tells: true }),
  };
}

/** Options that this version knows and the other one did not have their default. */
function requestOf(value: unknown): ConnRequest {
  const fields = fieldsOf(value, "request");
  const options = fieldsOf(fields["options"], "options") as Partial<ConnRequest["options"]>;
  return { target: place(fields["target"], "target"), options: { ...DEFAULT_OPTIONS, ...options } };
}

function noticeOf(value: unknown): GatewayEvent {
  const fields = fieldsOf(value, "notice");
  const event = EVENT_NAMES.find((name) => name === fields["event"]);
  if (event === undefined) throw new Error(`${String(fields["event"])} is no event`);
  return { ...fields, event, time: text(fields, "time"), text: text(fields, "text") };
}

function wayOf(value: unknown): WayState {
  const fields = fieldsOf(value, "way");
  const failing = fields["failingMs"] === undefined ? {} : { failingMs: count(fields, "failingMs") };
  return {
    target: text(fields, "target"),
    notices: listOf(fields["notices"]).map(noticeOf),
    toldBytes: count(fields, "toldBytes"),
    unannounced: fields["unannounced"] === true,
    pacedForMs: count(fields, "pacedForMs"),
    retryInMs: count(fields, "retryInMs"),
    attempt: count(fields, "attempt"),
    sent: count(fields, "sent"),
    retried: count(fields, "retried"),
    failed: count(fields, "failed"),
    lastOutcome: text(fields, "lastOutcome"),
    ...failing,
  };
}

function parkedOf(value: unknown): ParkedState {
  const fields = fieldsOf(value, "parked");
  return {
    bytes: text(fields, "bytes"),
    ended: fields["ended"] === true,
    ...(fields["closed"] !== undefined && { closed: text(fields, "closed") }),
    isCut: fields["isCut"] === true,
    restMs: count(fields, "restMs"),
  };
}

function remoteOf(value: unknown): NonNullable<SessionState["remote"]> {
  const fields = fieldsOf(value, "remote");
  return {
    peer: place(fields["peer"], "peer"),
    request: requestOf(fields["request"]),
    ways: listOf(fields["ways"]).map(wayOf),
    ...(fields["unacknowledged"] !== undefined && { unacknowledged: text(fields, "unacknowledged") }),
    ...(fields["parked"] !== undefined && { parked: parkedOf(fields["parked"]) }),
  };
}

/**
 * Reads the state of a connection as another version of the program has written it. Fields that this version does not know are left out.
 *
 * @returns or what is wrong: the connection then stays where it is
 */
export function readSession(value: unknown): Result<SessionState> {
  try {
    const fields = fieldsOf(value, "session");
    return ok({
      id: text(fields, "id"),
      port: text(fields, "port"),
      origin: originOf(fields["origin"]),
      client: place(fields["client"], "client"),
      openedEpochMs: count(fields, "openedEpochMs"),
      ageMs: count(fields, "ageMs"),
      progress: progressOf(fields["progress"]),
      ...(fields["remote"] !== undefined && { remote: remoteOf(fields["remote"]) }),
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}
