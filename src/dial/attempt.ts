import type { Settings } from "../core/config/settings.js";
import { type HostPort, isAddress } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { Attempt, Outcome } from "../sockets/connecting.js";
import type { End } from "../sockets/end.js";
import { HostRace, type RaceContext } from "../sockets/host-race.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import { type TargetRules, targetDenialReason } from "./target-rules.js";
import type { Credentials } from "./tls-credentials.js";

/** What an attempt needs to know besides its target. */
export interface AttemptContext extends TargetRules, RaceContext {
  readonly settings: Pick<Settings, "keepalive">;
  readonly own: Pick<OwnSockets, "isOffLimits" | "dialing" | "sending">;
  /** The client whose bytes the connection will carry. */
  readonly origin: ClientOrigin;
  /** For TLS: our own certificate, and the authority that the remote's must be of. */
  readonly credentials: Credentials;
}

/** Told how an attempt has ended. */
export interface AttemptOwner {
  /** @param socket emits `close` when the connection is over */
  connected(end: End, socket: NodeJS.EventEmitter): void;
  failed(error: Error): void;
}

/** Begins to connect to the target of a request by one transport. */
export type StartAttempt = (request: ConnRequest, context: AttemptContext, owner: AttemptOwner) => Attempt;

/**
 * Connects to the target of a request: to its address, or to the first address of its name that takes a connection. `connect` begins with
 * one address; the rules have permitted it.
 */
export function attemptTarget<T>(
  { target, options }: ConnRequest,
  context: AttemptContext,
  outcome: Outcome<T>,
  connect: (place: HostPort, outcome: Outcome<T>) => Attempt,
): Attempt {
  const { host, port } = target;
  if (isAddress(host)) return connect(target, outcome);
  const contest = {
    host,
    withinMs: options.connectTimeoutMs,
    denialReason: (address: string) => targetDenialReason(target, address, context),
    attempt: (address: string, each: Outcome<T>) => connect({ host: address, port }, each),
  };
  return new HostRace(contest, context, outcome);
}
