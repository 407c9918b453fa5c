import type { AccessRules } from "../access/access-rules.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { WatchRequest } from "../core/setup/watch-request.js";
import type { DaemonReport } from "../core/status/daemon-status.js";
import type { Monitor } from "../monitor/monitor.js";
import type { EarlyBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";
import type { ConnectionLog } from "./connection-log.js";
import { SetupSession } from "./setup-session.js";

/** What commands of setup mode need of the daemon. */
export interface SetupPhaseContext {
  readonly clock: Clock;
  readonly access: Pick<AccessRules, "denialReason">;
  readonly monitor: Pick<Monitor, "denialReason">;
  status(): DaemonReport;
  /** Ends the daemon. */
  stop(reason: string): void;
  /** Reads the configuration again; resolves with what is wrong with it, or with undefined. */
  reload(reason: string): Promise<string | undefined>;
  /** Makes this machine the device of a tunnel's server, for one service; returns why it cannot be, or undefined. */
  beginDevice(server: HostPort, service: HostPort): string | undefined;
}

/** The connection whose client is in setup mode. */
export interface SetupPhaseOwner {
  readonly id: string;
  readonly origin: ClientOrigin;
  /** The client asks for a remote. @param early what it has sent behind the command already */
  dial(request: ConnRequest, early: EarlyBytes): void;
  /** The client asks to see messages. */
  watch(request: WatchRequest): void;
  /** Setup mode has ended without a remote. */
  ended(reason: string): void;
  fault(error: unknown): void;
}

/** Makes the session of a client in setup mode: its commands may ask what the client's origin permits. */
export function setupSession(
  owner: SetupPhaseOwner,
  client: End,
  log: ConnectionLog,
  context: SetupPhaseContext,
): SetupSession {
  const { access, monitor } = context;
  return new SetupSession(client, context.clock, {
    pid: owner.id,
    denialReason: (permission) =>
      access.denialReason(permission, owner.origin) ?? (permission === "watch" ? monitor.denialReason : undefined),
    status: () => context.status(),
    dial: (request, early) => owner.dial(request, early),
    watch: (request) => owner.watch(request),
    beginDevice: (server, service) => {
      log.info(`TCPR: device of ${formatHostPort(server)} for ${formatHostPort(service)}`);
      return context.beginDevice(server, service);
    },
    stopDaemon: () => context.stop(`STOP by ${client.peerAddress}`),
    reload: () => context.reload(`RELD by ${client.peerAddress}`),
    ended: (reason) => owner.ended(reason),
    trace: (text) => log.debug(text),
    fault: (error) => owner.fault(error),
  });
}
