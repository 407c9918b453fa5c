import type { Listener } from "../accept/listener.js";
import { LAST_BYTES_MS, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { Deed } from "../core/net/access-patterns.js";
import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { Origin } from "../core/net/client-origin.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import { formatRemote, type Order } from "../core/options/conn-request.js";
import { errorReply } from "../core/setup/command.js";
import type { WatchOrder } from "../core/setup/watch-request.js";
import type { ConnectionReport, ConnectionStatus, PhaseName } from "../core/status/daemon-status.js";
import { type Dial, DialError, dial, NO_MORE_FILES, refusedDial, type Served } from "../dial/dial.js";
import type { Stream } from "../monitor/monitor.js";
import { Watching } from "../monitor/watch-session.js";
import { Announcer } from "../notify/connection-notifier.js";
import type { Sender } from "../notify/notification-scheduler.js";
import { Relay, type RelayOwner } from "../relay/relay.js";
import { type Held, Hold } from "../sockets/early-data.js";
import { type End, endedBy } from "../sockets/end.js";
import { linger } from "../sockets/lingering-close.js";
import { peerBacklog } from "../sockets/peer-backlog.js";
import { type StreamEnd, streamOf } from "../sockets/stream-end.js";
import { GATHER_MS } from "../system/socket-table.js";
import type { ConnectionHost } from "./connection-context.js";
import { ConnectionLog } from "./connection-log.js";
import { connectionStatus } from "./connection-status.js";
import { streamsOf } from "./message-streams.js";
import { Session } from "./setup-session.js";

/**
 * What a client is told: that its remote is there and that it is not (`setup`), only that it is not (`direct`), or just that, by a
 * reset (`reset`).
 */
export type Manner = "setup" | "direct" | "reset";

/** What has taken a client's socket for a purpose of its own: it ends for a reason. */
interface Guest {
  close(reason: string): void;
}

type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "setup"; readonly session: Session }
  | { readonly kind: "watching"; readonly watching: Watching }
  | { readonly kind: "linked"; readonly link: Guest }
  | { readonly kind: "dialing"; readonly order: Order; readonly dial: Dial; readonly manner: Manner }
  | { readonly kind: "echo"; readonly order: Order; readonly relay: Relay }
  | { readonly kind: "closing"; readonly order: Order | undefined; readonly relay: Relay | undefined };

const FAREWELL_MS = 5000; // for a client of setup mode to take its last reply and close

/** One client, from its arrival to its end: what phase it is in, what is said of it, and the one way it closes. */
export class Connection implements RelayOwner, ConnectionReport {
  readonly id: string;
  /** Whose it is, through the daemon itself or not: every rule asks this. */
  readonly origin: Origin;
  readonly #host: ConnectionHost;
  readonly #client: StreamEnd;
  readonly #listener: Listener;
  readonly #openedAt: number;
  readonly #openedEpochMs: number;
  readonly #log: ConnectionLog;
  #phase: Phase = { kind: "new" };
  #announcer: Announcer | undefined;
  #told = false;
  /** What its remote takes. */
  #descriptors = 0;
  /** The one of several remotes that it has. */
  #served: Served | undefined;

  /** @param listener what it came in by */
  constructor(id: string, client: StreamEnd, origin: Origin, listener: Listener, host: ConnectionHost) {
    this.id = id;
    this.origin = origin;
    this.#client = client;
    this.#listener = listener;
    this.#host = host;
    this.#openedAt = host.clock.now();
    this.#openedEpochMs = host.clock.epochMs();
    this.#log = new ConnectionLog(host, id, listener.port, client);
    this.#log.info(`opened on ${listener.name}`);
  }

  /** Greets the client and takes its commands (setup mode). */
  converse(): void {
    const session = new Session(this.#client, this.#host.clock, {
      pid: this.id,
      objection: (deed) => this.#objection(deed),
      status: () => this.#host.status(),
      dial: (order, early) => this.connect(order, early, "setup"),
      watch: (order) => this.#watch(order),
      beginDevice: (server, service) => this.#beginDevice(server, service),
      stopDaemon: () => this.#host.stop(`STOP by ${this.#client.peerAddress}`),
      reload: () => this.#host.reload(`RELD by ${this.#client.peerAddress}`),
      over: (reason) => this.#close(reason, FAREWELL_MS),
      trace: (text) => this.#log.debug(text),
      fault: (error) => this.fault(error),
    });
    this.#phase = { kind: "setup", session };
    session.start();
  }

  #beginDevice(server: HostPort, service: HostPort): string | undefined {
    this.#log.info(`TCPR: device of ${formatHostPort(server)} for ${formatHostPort(service)}`);
    return this.#host.beginDevice(server, service);
  }

  /** Why the client may not do this: because of where it is, or because too many do it already. */
  #objection(deed: Deed): string | undefined {
    return (
      this.#host.access.objection(deed, this.origin) ?? (deed === "watch" ? this.#host.monitor.objection : undefined)
    );
  }

  #watch(order: WatchOrder): void {
    const { monitor, clock } = this.#host;
    const watching = new Watching(this.#client, order, monitor, clock, {
      over: (reason) => this.#close(reason, FAREWELL_MS),
      fault: (error) => this.fault(error),
    });
    this.#phase = { kind: "watching", watching };
  }

  /**
   * Connects to a remote and relays from then on.
   *
   * @param early what the client has sent for the remote already
   * @param manner what the client is told
   * @param reach gets to the remote
   */
  connect(order: Order, early: Held, manner: Manner, reach: () => Dial = () => this.#dial(order)): void {
    const since = this.#host.clock.now();
    if (order.options.transport === "udp") this.#client.expectDatagrams();
    const attempt = reach();
    this.#phase = { kind: "dialing", order, dial: attempt, manner };
    this.#log.target = formatRemote(order);
    this.#descriptors = attempt.descriptors;
    this.#host.countRemotes(this.#descriptors);
    this.#log.tell(order, "CONNECT", () => `to ${formatRemote(order)}`);
    const left = (error: Error | undefined): void => this.#close(endedBy("client", error), 0);
    const hold = new Hold(this.#client, early, left, (error) => this.fault(error));
    attempt.end
      .then(
        (remote) => this.#connected(attempt, remote, hold, since),
        (error: unknown) => this.#refused(error),
      )
      .catch((error: unknown) => this.fault(error));
  }

  /**
   * Gives the client's socket to somebody who uses it for a purpose of his own.
   *
   * @param take is given the socket, and what to call when that is over
   */
  host(take: (client: StreamEnd, over: (reason: string) => void) => Guest): void {
    this.#host.lostPeers.add(this.#client);
    const link = take(this.#client, (reason) => this.#close(reason, 0));
    if (this.#phase.kind === "new") this.#phase = { kind: "linked", link };
  }

  /** Ends the connection because the daemon does. */
  stop(reason: string): void {
    try {
      if (this.#phase.kind === "echo") this.#phase.relay.close(reason);
      if (this.#phase.kind === "dialing") this.#refuse(this.#phase.manner, errorReply("CONN", reason));
      this.#close(reason, FAREWELL_MS);
    } catch (error) {
      this.fault(error);
    }
  }

  /** Its messages, while they pass. */
  get streams(): readonly Stream[] {
    if (this.#phase.kind !== "echo") return [];
    const { order, relay } = this.#phase;
    return streamsOf(this.#log.source(order), order.options, relay);
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
  get luup(): Sender {
    return this.#host.luup;
  }

  /** Whether it is over, its client has been told so, and its plugin too. */
  get settled(): boolean {
    return this.#phase.kind === "closing" && this.#told && (this.#announcer?.done ?? true);
  }

  /** Whether nothing of it is left. */
  get finished(): boolean {
    return this.settled && this.gone;
  }

  /** Bytes that have passed: from the remote, and to it. */
  get traffic(): { readonly received: number; readonly sent: number } {
    const relay = "relay" in this.#phase ? this.#phase.relay : undefined;
    return { received: relay?.received ?? 0, sent: relay?.sent ?? 0 };
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
      order: "order" in phase ? phase.order : undefined,
      relay: "relay" in phase ? phase.relay : undefined,
      traffic: this.traffic,
      notify: this.#announcer?.status,
      openedAt: this.#openedAt,
      openedEpochMs: this.#openedEpochMs,
      now: this.#host.clock.now(),
    });
  }

  #dial(order: Order): Dial {
    return this.#host.roomForRemote() ? dial(order, this.origin, this.#host) : refusedDial(NO_MORE_FILES);
  }

  #connected({ served }: Dial, remote: End, hold: Hold, since: number): void {
    if (this.#phase.kind !== "dialing") {
      remote.destroy();
      served?.left();
      return;
    }
    const { manner } = this.#phase;
    const order = served?.order ?? this.#phase.order;
    const { options } = order;
    this.#served = served;
    this.#log.target = formatRemote(order);
    const pid = options.notify?.pid ?? this.id;
    const relay = new Relay(this.#client, remote, options, this.#host.clock, this);
    this.#phase = { kind: "echo", order, relay };
    this.#host.lostPeers.add(this.#client);
    const stream = streamOf(remote);
    if (stream !== undefined) this.#host.lostPeers.add(stream);
    if (options.notify !== undefined) {
      this.#announcer = new Announcer(options.notify, pid, options, this.#client, this.#host, {
        warn: (text) => this.#log.warn(text),
        trace: (text) => this.#log.debug(text),
        done: () => this.#host.changed(this),
        fault: (error) => this.fault(error),
      });
    }
    if (this.#descriptors > 0) {
      const ms = Math.round(this.#host.clock.now() - since);
      const address = formatHostPort({ host: remote.peerAddress, port: remote.peerPort });
      this.#log.info(`connected to ${address} after ${ms} ms`);
    }
    if (manner === "setup") this.#client.write(`OK CONN ${pid}\n`);
    const { monitor } = this.#host;
    if (monitor.sees(options)) for (const stream of this.streams) monitor.begin(stream);
    relay.start(hold.take());
  }

  #refused(error: unknown): void {
    if (this.#phase.kind !== "dialing") return;
    if (!(error instanceof DialError)) throw error;
    const { order } = this.#phase;
    const reply = errorReply("CONN", `${formatRemote(order)}: ${error.message}`);
    this.#refuse(this.#phase.manner, reply);
    this.#log.tell(order, "ERROR", () => `${formatRemote(order)}: ${error.message}`);
    this.#close(reply, FAREWELL_MS);
  }

  /** Tells a client that it gets no remote. */
  #refuse(manner: Manner, reply: string): void {
    if (manner === "reset") this.#client.reset();
    else this.#client.write(`${reply}\n`);
  }

  /** What the kernel knows of the client, without reading from it. */
  async clientState(): Promise<PeerState> {
    if (this.#client.peerPort === 0) return "present"; // of Unix sockets its table says nothing
    return this.#host.sockets.peerState(this.#client.ownKey, this.#client.peerKey, GATHER_MS);
  }

  backlogOf(end: End): Promise<PeerBacklog> {
    return peerBacklog(end, this.#host.sockets);
  }

  ending(): void {
    this.#announcer?.hold();
  }

  over(reason: string): void {
    this.#close(reason, LAST_BYTES_MS);
  }

  delivered(bytes: number): void {
    if (bytes > 0) this.#log.passed(bytes, "remote", "client", this.#client);
    else this.#log.debug("client reads again");
    this.#announcer?.data();
  }

  passed(bytes: number): void {
    if (this.#phase.kind === "echo") this.#log.passed(bytes, "client", "remote", this.#phase.relay.remote);
  }

  /** The one way a connection closes: said once in the log, told to the client by FIN and then to the plugin. */
  #close(reason: string, limitMs: number): void {
    const phase = this.#phase;
    if (phase.kind === "closing") return;
    const order = "order" in phase ? phase.order : undefined;
    const relay = "relay" in phase ? phase.relay : undefined;
    this.#phase = { kind: "closing", order, relay };
    const seconds = ((this.#host.clock.now() - this.#openedAt) / 1000).toFixed(1);
    const bytes = `${relay?.received ?? 0} bytes from remote, ${relay?.sent ?? 0} to remote`;
    this.#log.info(`closed: ${reason}; ${seconds} s, ${bytes}`);
    if (order !== undefined) this.#log.tell(order, "DISCONNECT", () => `${reason}; ${seconds} s, ${bytes}`);
    this.#host.countRemotes(-this.#descriptors);
    this.#served?.left();
    if (phase.kind === "setup") phase.session.close();
    if (phase.kind === "watching") phase.watching.close();
    if (phase.kind === "linked") phase.link.close(reason);
    if (phase.kind === "dialing") phase.dial.abort();
    const stream = relay && streamOf(relay.remote);
    if (stream !== undefined) this.#host.lostPeers.remove(stream);
    linger(this.#client, limitMs, this.#host, {
      drained: () => {
        relay?.tap?.left("down");
        this.#announcer?.data();
      },
      finished: () => this.toldClient(),
      gone: () => this.#gone(),
      fault: (error) => this.fault(error),
    });
  }

  /** The client has all it will get: now its plugin learns that the connection has ended. */
  toldClient(): void {
    if (this.#told) return;
    this.#told = true;
    this.#announcer?.final();
    this.#host.changed(this);
  }

  #gone(): void {
    this.#host.lostPeers.remove(this.#client);
    this.toldClient();
    this.#announcer?.release();
    if (this.#announcer?.done === false) this.#host.farewells.take(this.#announcer, this.#log);
    this.#announcer = undefined;
    this.#host.changed(this);
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
