import type { Settings } from "../core/config/settings.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { End } from "../sockets/end.js";
import type { OwnSockets } from "../sockets/own-sockets.js";
import type { TargetRules } from "./resolve.js";
import type { Credentials } from "./tls-credentials.js";

/** What an attempt needs to know besides its target. */
export interface AttemptContext extends TargetRules {
  readonly settings: Pick<Settings, "keepalive">;
  readonly own: Pick<OwnSockets, "isOffLimits" | "dialling" | "sending">;
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

/** An attempt to connect that is under way. */
export interface Attempt {
  /** Gives up; the owner is told nothing more. */
  cancel(): void;
}

/** Begins to connect to the target of a request by one transport. */
export type StartAttempt = (request: ConnRequest, context: AttemptContext, owner: AttemptOwner) => Attempt;
