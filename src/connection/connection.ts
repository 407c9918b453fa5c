import type { AcceptedClient, Listener, ReplyMode, SocketOwner } from "../accept/listener.js";
import { type PeerBacklog, SLOW_READER_LIMIT_MS } from "../core/limits/idle-deadlines.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { Permission } from "../core/net/permissions.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import { errorReply } from "../core/setup/run-command.js";
import type { WatchRequest } from "../core/setup/watch-request.js";
import type { ConnectionStatus, PhaseName } from "../core/status/daemon-status.js";
import { type Dial, DialError, dial, type Served } from "../dial/dial.js";
import type { TracedStream } from "../monitor/monitor.js";
import { WatchSession } from "../monitor/watch-session.js";
import { ConnectionNotifier } from "../notify/connection-notifier.js";
import type { NotificationSender } from "../notify/notification-scheduler.js";
import { Relay, type RelayOwner } from "../relay/relay.js";
import { type EarlyBytes, EarlyData, NO_EARLY_BYTES } from "../sockets/early-data.js";
import { type End, endedBy } from "../sockets/end.js";
import { closeLingering } from "../sockets/lingering-close.js";
import { peerBacklog } from "../sockets/peer-backlog.js";
import { type StreamEnd, streamOf } from "../sockets/stream-end.js";
import { GATHER_MS } from "../system/socket-table.js";
import type { ConnectionContext } from "./connection-context.js";
import { ConnectionLog } from "./connection-log.js";
import type { RegisteredConnection } from "./connection-registry.js";
import { connectionStatus } from "./connection-status.js";
import { messageStreams } from "./message-streams.js";
import { SetupSession } from "./setup-session.js";

type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "setup"; readonly session: SetupSession }
  | { readonly kind: "watching"; readonly watching: WatchSession }
  | { readonly kind: "linked"; readonly link: SocketOwner }
  | { readonly kind: "dialing"; readonly request: ConnRequest; readonly dial: Dial; readonly replyMode: ReplyMode }
  | { readonly kind: "echo"; readonly request: ConnRequest; readonly relay: Relay }
  | { readonly kind: "closing"; readonly request: ConnRequest | undefined; readonly relay: Relay | undefined };

const FAREWELL_MS = 5000; // for a client of setup mode to take its last reply and close

/** One client, from its arrival to its end: what phase it is in, what is said of it, and the one way it closes. */
export class Connection implements AcceptedClient, RegisteredConnection, RelayOwner {
  readonly id: string;
  /** Whose it is, through the daemon itself or not: every rule asks this. */
  readonly origin: ClientOrigin;
  readonly #context: ConnectionContext;
  readonly #client: StreamEnd;
  readonly #listener: Listener;
  readonly #openedAt: number;
  readonly #openedEpochMs: number;
  readonly #log: ConnectionLog;
  #phase: Phase = { kind: "new" };
  #notifier: ConnectionNotifier | undefined;
  #told = false;
  /** The one of several remotes that it has. */
  #served: Served | undefined;

  /** @param listener what it came in by */
  constructor(id: string, client: StreamEnd, origin: ClientOrigin, listener: Listener, context: ConnectionContext) {
    this.id = id;
    this.origin = origin;
    this.#client = client;
    this.#listener = listener;
    this.#context = context;
    this.#openedAt = context.clock.now();
    this.#openedEpochMs = context.clock.epochMs();
    this.#log = new ConnectionLog(context, id, listener.port, client);
    this.#log.info(`opened on ${listener.name}`);
  }

  /** Greets the client and takes its commands (setup mode). */
  beginSetup(): void {
    const session = new SetupSession(this.#client, this.#context.clock, {
      pid: this.id,
      denialReason: (permission) => this.#denialReason(permission),
      status: () => this.#context.status(),
      dial: (request, early) => this.#begin(request, early, "setup", () => dial(request, this.origin, this.#context)),
      watch: (request) => this.#watch(request),
      beginDevice: (server, service) => this.#beginDevice(server, service),
      stopDaemon: () => this.#context.stop(`STOP by ${this.#client.peerAddress}`),
      reload: () => this.#context.reload(`RELD by ${this.#client.peerAddress}`),
      over: (reason) => this.#close(reason, FAREWELL_MS),
      trace: (text) => this.#log.debug(text),
      fault: (error) => this.fault(error),
    });
    this.#phase = { kind: "setup", session };
    session.start();
  }

  #beginDevice(server: HostPort, service: HostPort): string | undefined {
    this.#log.info(`TCPR: device of ${formatHostPort(server)} for ${formatHostPort(service)}`);
    return this.#context.beginDevice(server, service);
  }

  /** Why the client may not do this: because of where it is, or because too many do it already. */
  #denialReason(permission: Permission): string | undefined {
    return (
      this.#context.access.denialReason(permission, this.origin) ??
      (permission === "watch" ? this.#context.monitor.denialReason : undefined)
    );
  }

  #watch(request: WatchRequest): void {
    const { monitor, clock } = this.#context;
    const watching = new WatchSession(this.#client, request, monitor, clock, {
      over: (reason) => this.#close(reason, FAREWELL_MS),
      fault: (error) => this.fault(error),
    });
    this.#phase = { kind: "watching", watching };
  }

  connect(request: ConnRequest, replyMode: ReplyMode, reach: () => Dial): void {
    this.#begin(request, NO_EARLY_BYTES, replyMode, reach);
  }

  /** @param early what the client has sent for the remote already */
  #begin(request: ConnRequest, early: EarlyBytes, replyMode: ReplyMode, reach: () => Dial): void {
    const since = this.#context.clock.now();
    if (request.options.transport === "udp") this.#client.expectDatagrams();
    const attempt = reach();
    this.#phase = { kind: "dialing", request, dial: attempt, replyMode };
    this.#log.target = formatRemote(request);
    this.#log.tell(request, "CONNECT", () => `to ${formatRemote(request)}`);
    const left = (error: Error | undefined): void => this.#close(endedBy("client", error), 0);
    const earlyData = new EarlyData(this.#client, early, left, (error) => this.fault(error));
    attempt.end
      .then(
        (remote) => this.#connected(attempt, remote, earlyData, since),
        (error: unknown) => this.#refused(error),
      )
      .catch((error: unknown) => this.fault(error));
  }

  handOver(take: (client: StreamEnd, over: (reason: string) => void) => SocketOwner): void {
    this.#context.deadPeers.add(this.#client);
    const link = take(this.#client, (reason) => this.#close(reason, 0));
    if (this.#phase.kind === "new") this.#phase = { kind: "linked", link };
  }

  /** Ends the connection because the daemon does. */
  stop(reason: string): void {
    try {
      if (this.#phase.kind === "echo") this.#phase.relay.close(reason);
      if (this.#phase.kind === "dialing") this.#refuse(this.#phase.replyMode, errorReply("CONN", reason));
      this.#close(reason, FAREWELL_MS);
    } catch (error) {
      this.fault(error);
    }
  }

  /** Its messages, while they pass. */
  get streams(): readonly TracedStream[] {
    if (this.#phase.kind !== "echo") return [];
    const { request, relay } = this.#phase;
    return messageStreams(this.#log.source(request), request.options, relay);
  }

  /** Whether the client's socket is gone. */
  get gone(): boolean {
    return this.#client.gone;
  }

  /** Whether it watches others. */
  get watches(): boolean {
    return this.#phase.kind === "watching";
  }

  /** The way that its notifications go. */
  get luup(): NotificationSender {
    return this.#context.luup;
  }

  /** Whether it is over, its client has been told so, and its plugin too. */
  get settled(): boolean {
    return this.#phase.kind === "closing" && this.#told && (this.#notifier?.done ?? true);
  }

  /** Whether nothing of it is left. */
  get finished(): boolean {
    return this.settled && this.gone;
  }

  /** Bytes that have passed: from the remote, and to it. */
  get traffic(): { readonly received: number; readonly sent: number } {
    const relay = "relay" in this.#phase ? this.#phase.relay : undefined;
    return { received: relay?.receivedBytes ?? 0, sent: relay?.sentBytes ?? 0 };
  }

  /** Name of the listener it came in by. */
  get listener(): string {
    return this.#listener.name;
  }

  /** What it is doing. */
  get phase(): PhaseName {
    return this.#phase.kind === "new" ? "setup" : this.#phase.kind;
  }

  /** What STAT tells of it. */
  get status(): ConnectionStatus {
    const phase = this.#phase;
    return connectionStatus({
      id: this.id,
      phase: this.phase,
      listener: this.listener,
      client: this.#client,
      request: "request" in phase ? phase.request : undefined,
      relay: "relay" in phase ? phase.relay : undefined,
      traffic: this.traffic,
      notify: this.#notifier?.status,
      openedAt: this.#openedAt,
      openedEpochMs: this.#openedEpochMs,
      now: this.#context.clock.now(),
    });
  }

  #connected({ kind, served }: Dial, remote: End, earlyData: EarlyData, since: number): void {
    if (this.#phase.kind !== "dialing") {
      remote.destroy();
      served?.release();
      return;
    }
    const { replyMode } = this.#phase;
    const request = served?.request ?? this.#phase.request;
    const { options } = request;
    this.#served = served;
    this.#log.target = formatRemote(request);
    const pid = options.notify?.pid ?? this.id;
    const relay = new Relay(this.#client, remote, options, this.#context.clock, this);
    this.#phase = { kind: "echo", request, relay };
    this.#context.deadPeers.add(this.#client);
    const stream = streamOf(remote);
    if (stream !== undefined) this.#context.deadPeers.add(stream);
    if (options.notify !== undefined) {
      this.#notifier = new ConnectionNotifier(options.notify, pid, options, this.#client, this.#context, {
        warn: (text) => this.#log.warn(text),
        trace: (text) => this.#log.debug(text),
        done: () => this.#context.changed(this),
        fault: (error) => this.fault(error),
      });
    }
    if (kind === "socket") {
      const ms = Math.round(this.#context.clock.now() - since);
      const address = formatHostPort({ host: remote.peerAddress, port: remote.peerPort });
      this.#log.info(`connected to ${address} after ${ms} ms`);
    }
    if (replyMode === "setup") this.#client.write(`OK CONN ${pid}\n`);
    const { monitor } = this.#context;
    if (monitor.wants(options)) for (const stream of this.streams) monitor.addStream(stream);
    relay.start(earlyData.take());
  }

  #refused(error: unknown): void {
    if (this.#phase.kind !== "dialing") return;
    if (!(error instanceof DialError)) throw error;
    const { request } = this.#phase;
    const reply = errorReply("CONN", `${formatRemote(request)}: ${error.message}`);
    this.#refuse(this.#phase.replyMode, reply);
    this.#log.tell(request, "ERROR", () => `${formatRemote(request)}: ${error.message}`);
    this.#close(reply, FAREWELL_MS);
  }

  /** Tells a client that it gets no remote. */
  #refuse(replyMode: ReplyMode, reply: string): void {
    if (replyMode === "reset") this.#client.reset();
    else this.#client.write(`${reply}\n`);
  }

  /** What the kernel knows of the client, without reading from it. */
  async clientState(): Promise<PeerState> {
    if (this.#client.peerPort === 0) return "present"; // of Unix sockets its table says nothing
    return this.#context.sockets.peerState(this.#client.ownKey, this.#client.peerKey, GATHER_MS);
  }

  backlogOf(end: End): Promise<PeerBacklog> {
    return peerBacklog(end, this.#context.sockets);
  }

  remoteEnded(): void {
    this.#notifier?.hold();
  }

  relayEnded(reason: string): void {
    this.#close(reason, SLOW_READER_LIMIT_MS);
  }

  writtenToClient(bytes: number): void {
    this.#log.passed(bytes, "remote", "client", this.#client);
    this.#notifier?.data();
  }

  clientDrained(): void {
    this.#log.debug("client reads again");
    this.#notifier?.data();
  }

  writtenToRemote(bytes: number): void {
    if (this.#phase.kind === "echo") this.#log.passed(bytes, "client", "remote", this.#phase.relay.remote);
  }

  /** The one way a connection closes: said once in the log, told to the client by FIN and then to the plugin. */
  #close(reason: string, limitMs: number): void {
    const phase = this.#phase;
    if (phase.kind === "closing") return;
    const request = "request" in phase ? phase.request : undefined;
    const relay = "relay" in phase ? phase.relay : undefined;
    this.#phase = { kind: "closing", request, relay };
    const seconds = ((this.#context.clock.now() - this.#openedAt) / 1000).toFixed(1);
    const bytes = `${relay?.receivedBytes ?? 0} bytes from remote, ${relay?.sentBytes ?? 0} to remote`;
    this.#log.info(`closed: ${reason}; ${seconds} s, ${bytes}`);
    if (request !== undefined) this.#log.tell(request, "DISCONNECT", () => `${reason}; ${seconds} s, ${bytes}`);
    this.#served?.release();
    if (phase.kind === "setup") phase.session.close();
    if (phase.kind === "watching") phase.watching.close();
    if (phase.kind === "linked") phase.link.close(reason);
    if (phase.kind === "dialing") phase.dial.abort();
    const stream = relay && streamOf(relay.remote);
    if (stream !== undefined) this.#context.deadPeers.remove(stream);
    closeLingering(this.#client, limitMs, this.#context, {
      drained: () => {
        relay?.observer?.drained("down");
        this.#notifier?.data();
      },
      finished: () => this.clientFinished(),
      gone: () => this.#gone(),
      fault: (error) => this.fault(error),
    });
  }

  /** The client has all it will get: now its plugin learns that the connection has ended. */
  clientFinished(): void {
    if (this.#told) return;
    this.#told = true;
    this.#notifier?.final();
    this.#context.changed(this);
  }

  #gone(): void {
    this.#context.deadPeers.remove(this.#client);
    this.clientFinished();
    this.#notifier?.release();
    if (this.#notifier?.done === false) this.#context.finalNotifications.take(this.#notifier, this.#log);
    this.#notifier = undefined;
    this.#context.changed(this);
  }

  /** A fault of the program, met while serving this connection: it costs this connection and no other. */
  fault(error: unknown): void {
    this.#log.fault(error);
    try {
      const relay = "relay" in this.#phase ? this.#phase.relay : undefined;
      this.#close("fault in the program", FAREWELL_MS);
      relay?.remote.destroy();
    } finally {
      this.#client.destroy();
    }
  }
}
