import type { AccessRules } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import { isAddress } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { Names } from "../names/names.js";
import type { Attempt } from "../sockets/connecting.js";
import type { WaitingBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import type { Clock, Timer } from "../system/clock.js";
import type { DescriptorBudget, DescriptorLease } from "../system/descriptor-budget.js";
import type { AttemptOwner } from "./attempt.js";
import { DialError, explainDialFailure, GIVEN_UP, NO_MORE_FILES } from "./dial-error.js";
import { targetDenialReason } from "./target-rules.js";
import type { Credentials, TlsIdentities } from "./tls-credentials.js";
import { TRANSPORTS } from "./transports.js";

/** What dialing needs of the daemon. */
export interface DialContext {
  readonly clock: Clock;
  readonly access: Pick<AccessRules, "permits">;
  readonly settings: Pick<Settings, "keepalive">;
  readonly own: Pick<OwnSockets, "isOffLimits" | "dialing" | "sending">;
  readonly descriptors: DescriptorBudget;
  readonly names: Pick<Names, "search">;
  /** By which requests name our own certificate and the authority of a TLS remote. */
  readonly tlsIdentities: TlsIdentities;
}

/** A connection's claim on one of several servers. */
export interface ServerLease {
  /** The request, with this server as its only target. */
  readonly request: ConnRequest;
  /** The connection is over; to be called once. */
  release(): void;
}

/** A remote that is being reached. */
export interface Dial {
  /** The remote, paused. Rejects with {@link DialError}. */
  readonly end: Promise<End>;
  /** Whether it opens a socket, or a channel of a connection that several clients share. */
  readonly kind: "socket" | "channel";
  /** The server that it has reached, where the request left the choice of several. */
  readonly serverLease?: ServerLease | undefined;
  /** What the remote has sent for the client already, where the client gets a connection again that was parked. */
  readonly waiting?: WaitingBytes | undefined;
  /** Gives up; {@link end} rejects. */
  abort(): void;
  /** The client waits no longer than for what is under way: a failure is not followed by another attempt. */
  endRetries?(): void;
}

/** A dial that has failed before it has begun. @param isFinal whether to dial again is of no use */
export function failedDial(message: string, isFinal = false): Dial {
  return { kind: "socket", end: Promise.reject(new DialError(message, {}, isFinal)), abort() {} };
}

/** A dial that has reached its remote at once: a channel of a connection that is there already. */
export function attachedDial(channel: End): Dial {
  return { kind: "channel", end: Promise.resolve(channel), abort() {} };
}

/**
 * Connects to the target of a request, within its time limit.
 *
 * @param origin the client whose bytes the connection will carry
 * @param own for TLS: our own certificate, and the authority that the remote's must be of, where the request names no identity
 */
export function dial(request: ConnRequest, origin: ClientOrigin, context: DialContext, own: Credentials = {}): Dial {
  const { target, options } = request;
  const { tlsIdentity: name } = options;
  const credentials = name === undefined ? own : context.tlsIdentities.get(name);
  if (credentials === undefined) return failedDial(`unknown TLS identity "${name}"`, true);
  const denialReason = isAddress(target.host) ? targetDenialReason(target, target.host, context) : undefined;
  if (denialReason !== undefined) return failedDial(denialReason, true);
  const lease = context.descriptors.take();
  if (lease === undefined) return failedDial(NO_MORE_FILES);
  return new SocketDial(request, origin, context, credentials, lease);
}

/** One attempt by one transport, within a time limit. It settles once. */
class SocketDial implements Dial, AttemptOwner {
  readonly kind = "socket";
  readonly end: Promise<End>;
  readonly #lease: DescriptorLease;
  readonly #timer: Timer;
  #attempt: Attempt | undefined;
  #isSettled = false;
  #resolve: (end: End) => void = () => {};
  #reject: (error: DialError) => void = () => {};

  constructor(
    request: ConnRequest,
    origin: ClientOrigin,
    context: DialContext,
    credentials: Credentials,
    lease: DescriptorLease,
  ) {
    const { transport, connectTimeoutMs } = request.options;
    this.#lease = lease;
    this.end = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = context.clock.after(connectTimeoutMs, () => this.#timedOut(connectTimeoutMs));
    const { clock, names, access, own, settings, descriptors } = context;
    const needs = { clock, names, access, own, settings, descriptors, origin, credentials };
    this.#attempt = TRANSPORTS[transport](request, needs, this);
  }

  connected(end: End, socket: NodeJS.EventEmitter): void {
    if (!this.#settle()) return;
    const lease = this.#lease; // the listener keeps nothing else of the dial in memory
    socket.on("close", () => lease.release());
    this.#resolve(end);
  }

  failed(error: Error): void {
    this.#fail(explainDialFailure(error), error);
  }

  abort(): void {
    this.#fail(GIVEN_UP);
  }

  #timedOut(afterMs: number): void {
    const cause = this.#attempt?.lastError;
    this.#fail(`timed out after ${afterMs} ms${cause === undefined ? "" : ` (${explainDialFailure(cause)})`}`, cause);
  }

  #fail(message: string, cause?: Error): void {
    if (!this.#settle()) return;
    this.#attempt?.cancel();
    this.#lease.release();
    this.#reject(new DialError(message, { cause }));
  }

  /** Returns whether this is the first outcome, which is the one that counts. */
  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#timer.cancel();
    return true;
  }
}
