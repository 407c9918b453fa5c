import type { Guest, Pass } from "../accept/door.js";
import type { Listener } from "../accept/listener.js";
import { type ClientOrigin, withEndpoints } from "../core/net/client-origin.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { formatSeconds } from "../core/parse/duration.js";
import type {
  ConnectionStatus,
  ConnectionTraffic,
  NotifyStatus,
  ParkedStatus,
  PhaseName,
} from "../core/status/daemon-status.js";
import type { SessionState } from "../core/upgrade/session-state.js";
import type { Dial } from "../dial/dial.js";
import type { NotificationSender } from "../notify/luup-way.js";
import type { Relay } from "../relay/relay.js";
import type { End } from "../sockets/end.js";
import { ownPlaceOf } from "../sockets/own-side.js";
import { ConnectionLog, type ConnectionLogContext } from "./connection-log.js";
import type { RegisteredConnection } from "./connection-registry.js";
import { connectionStatus, trafficOf, trafficText } from "./connection-status.js";

/** What every connection needs of the daemon. */
export interface BaseConnectionContext extends ConnectionLogContext {
  readonly notificationSender: NotificationSender;
  /** A connection has come a step closer to its end: see {@link RegisteredConnection}. */
  changed(connection: RegisteredConnection): void;
}

/** Since when another process has had a connection. */
export type FormerTime = Pick<SessionState, "ageMs" | "openedEpochMs">;

/** The phase of a connection, as far as STAT shows it. `new` until the listener decides. */
interface ShownPhase {
  readonly kind: PhaseName | "new";
  readonly request?: ConnRequest | undefined;
  /** Whether the client has gone, and may come back. */
  readonly isParked?: boolean;
  readonly parkedStatus?: ParkedStatus | undefined;
}

/** What a connection is and shows, whether its client sends a stream or datagrams: who it is, since when, and what has passed. */
export abstract class BaseConnection<Client extends End, Context extends BaseConnectionContext> implements Guest {
  readonly id: string;
  readonly origin: ClientOrigin;
  /** The name of the listener that the client has connected to. */
  readonly listener: string;
  isReset = false;
  protected readonly client: Client;
  protected readonly context: Context;
  protected readonly log: ConnectionLog;
  protected readonly pass: Pass | undefined;
  protected readonly openedAt: number;
  protected readonly openedEpochMs: number;

  /**
   * @param listener of the port that the client has connected to
   * @param pass of a line that limits its clients
   * @param former since when another process has had the connection, which it has handed over
   */
  constructor(
    id: string,
    client: Client,
    origin: ClientOrigin,
    listener: Pick<Listener, "name" | "port">,
    context: Context,
    pass?: Pass,
    former?: FormerTime,
  ) {
    this.id = id;
    this.origin = origin;
    this.listener = listener.name;
    this.client = client;
    this.context = context;
    this.pass = pass;
    if (pass !== undefined) pass.guest = this;
    this.openedAt = context.clock.now() - (former?.ageMs ?? 0);
    this.openedEpochMs = former?.openedEpochMs ?? context.clock.epochMs();
    this.log = new ConnectionLog(context, id, listener.port, client);
  }

  originFor({ options }: ConnRequest): ClientOrigin {
    if (options.sendProxy === undefined) return this.origin;
    const { client, origin } = this;
    const { peerAddress: host, peerPort: port } = client;
    return withEndpoints(origin, { host, port }, ownPlaceOf(client));
  }

  protected abstract get shownPhase(): ShownPhase;

  /** The relay that there is, or was until the connection began to close. */
  protected abstract get relay(): Relay | undefined;

  protected get notifyStatus(): NotifyStatus | undefined {
    return undefined;
  }

  protected get tellStatuses(): readonly NotifyStatus[] {
    return [];
  }

  abstract get isEndAnnounced(): boolean;

  abstract get isPresent(): boolean;

  abstract evict(reason: string): void;

  get name(): string {
    return this.log.client;
  }

  get phase(): PhaseName {
    const { kind, isParked } = this.shownPhase;
    if (isParked) return "parked";
    return kind === "new" ? "setup" : kind;
  }

  get lastActivityAt(): number {
    const { lastReceivedAt = 0, lastSentAt = 0 } = this.relay ?? {};
    return Math.max(this.openedAt, lastReceivedAt, lastSentAt);
  }

  get isClientGone(): boolean {
    return this.client.gone;
  }

  get isFinished(): boolean {
    return this.isEndAnnounced && this.isClientGone;
  }

  get notificationSender(): NotificationSender {
    return this.context.notificationSender;
  }

  get traffic(): ConnectionTraffic {
    return trafficOf(this.client, this.relay);
  }

  get status(): ConnectionStatus {
    return connectionStatus({
      id: this.id,
      phase: this.phase,
      listener: this.listener,
      client: this.client,
      request: this.shownPhase.request,
      relay: this.relay,
      traffic: this.traffic,
      notify: this.notifyStatus,
      tells: this.tellStatuses,
      parked: this.shownPhase.parkedStatus,
      openedAt: this.openedAt,
      openedEpochMs: this.openedEpochMs,
      times: this.context.log.times,
      now: this.context.clock.now(),
    });
  }

  /** Dials: where the line limits its clients, as soon as there is a place for the remote. */
  protected placedDial(startDial: () => Dial, { options }: ConnRequest): Dial {
    return this.pass?.dial(startDial, options.connectTimeoutMs) ?? startDial();
  }

  /** The line of the log for the end of the connection. */
  protected endText(reason: string): string {
    const age = formatSeconds(this.context.clock.now() - this.openedAt);
    return `${reason}; ${age}, ${trafficText(this.traffic)}`;
  }
}
