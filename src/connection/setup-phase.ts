import type { AccessRules } from "../access/access-rules.js";
import type { Settings } from "../core/config/settings.js";
import { webhookProblem } from "../core/config/webhook-section.js";
import { type TopicSettings, topicProblem } from "../core/mqtt/mqtt-lines.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { Permission } from "../core/net/permissions.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import type { Result } from "../core/parse/result.js";
import type { WatchedPlaces, WatchRequest } from "../core/setup/watch-request.js";
import type { DaemonReport } from "../core/status/daemon-status.js";
import type { Gathering } from "../core/status/gathering.js";
import type { Monitor } from "../monitor/monitor.js";
import { WatchSession } from "../monitor/watch-session.js";
import type { EarlyBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";
import type { ConnectionLog } from "./connection-log.js";
import { SetupSession } from "./setup-session.js";

/** What commands of setup mode need of the daemon. */
export interface SetupPhaseContext {
  readonly clock: Clock;
  readonly access: Pick<AccessRules, "denialReason">;
  readonly monitor: Monitor;
  readonly settings: TopicSettings & Pick<Settings, "webhooks">;
  status(): Gathering<DaemonReport>;
  readonly places: WatchedPlaces;
  /** Ends the daemon. */
  stop(reason: string): void;
  /**
   * Reads the configuration again; resolves with what is wrong with it, or with undefined.
   *
   * @param mayUpgrade whether another program on disk than runs may take over
   */
  reload(reason: string, mayUpgrade: boolean): Promise<string | undefined>;
  /**
   * Hands the daemon over to the program that is on disk now; resolves with what has moved, or with why it cannot.
   *
   * @param asker the connection that waits for the answer
   */
  upgrade(reason: string, asker: string): Promise<Result<string>>;
  /** Makes this machine the device of a tunnel's server, for one service; returns why it cannot be, or undefined. */
  beginDevice(server: HostPort, service: HostPort): Promise<string | undefined>;
}

/** The connection whose client is in setup mode. */
export interface SetupPhaseOwner {
  readonly id: string;
  readonly origin: ClientOrigin;
  /** The client asks for a remote. @param early what it has sent behind the command already */
  dial(request: ConnRequest, early: EarlyBytes): void;
  /** Setup mode has ended without a remote. */
  ended(reason: string): void;
  fault(error: unknown): void;
}

/** The client gives commands; after WTCH it watches messages. */
type Mode =
  | { readonly kind: "setup"; readonly session: SetupSession }
  | { readonly kind: "watching"; readonly session: WatchSession };

/** A connection in setup mode: connects the commands of its client with the daemon, as far as the client's origin permits. */
export class SetupPhase {
  readonly #owner: SetupPhaseOwner;
  readonly #client: End;
  readonly #log: ConnectionLog;
  readonly #context: SetupPhaseContext;
  #mode: Mode;

  /** Greets the client and takes its commands. */
  constructor(owner: SetupPhaseOwner, client: End, log: ConnectionLog, context: SetupPhaseContext) {
    this.#owner = owner;
    this.#client = client;
    this.#log = log;
    this.#context = context;
    const session = new SetupSession(client, context.clock, {
      pid: owner.id,
      denialReason: (permission) => this.#denialReason(permission),
      optionProblem: (options) =>
        topicProblem(options, context.settings) ?? webhookProblem(options.webhook, context.settings),
      status: () => context.status(),
      places: context.places,
      dial: (request, early) => owner.dial(request, early),
      watch: (request) => this.#watch(request),
      beginDevice: (server, service) => this.#beginDevice(server, service),
      stopDaemon: () => context.stop(`STOP by ${client.peerAddress}`),
      reload: () => context.reload(`RELD by ${client.peerAddress}`, this.#denialReason("stop") === undefined),
      upgrade: () => context.upgrade(`UPGR by ${client.peerAddress}`, owner.id),
      ended: (reason) => owner.ended(reason),
      heard: () => log.release(),
      trace: (text) => log.debug(text),
      fault: (error) => owner.fault(error),
    });
    this.#mode = { kind: "setup", session };
    session.start();
  }

  get kind(): Mode["kind"] {
    return this.#mode.kind;
  }

  /** Ends the session. The owner is not called. */
  close(): void {
    this.#mode.session.close();
  }

  #denialReason(permission: Permission): string | undefined {
    const { access, monitor } = this.#context;
    const denialReason = access.denialReason(permission, this.#owner.origin);
    return denialReason ?? (permission === "watch" ? monitor.denialReason : undefined);
  }

  #beginDevice(server: HostPort, service: HostPort): Promise<string | undefined> {
    this.#log.info(`TCPR: device of ${formatHostPort(server)} for ${formatHostPort(service)}`);
    return this.#context.beginDevice(server, service);
  }

  #watch(request: WatchRequest): void {
    const { monitor, clock } = this.#context;
    const session = new WatchSession(this.#client, request, monitor, clock, {
      over: (reason) => this.#owner.ended(reason),
      fault: (error) => this.#owner.fault(error),
    });
    this.#mode = { kind: "watching", session };
  }
}
