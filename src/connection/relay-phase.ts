import type { Pass } from "../accept/door.js";
import type { EndRules } from "../core/limits/end-rules.js";
import type { PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { ConnRequest } from "../core/options/conn-request.js";
import { formatSeconds } from "../core/parse/duration.js";
import type { NotifyStatus, ParkedStatus } from "../core/status/daemon-status.js";
import type { ServerLease } from "../dial/dial.js";
import type { Monitor } from "../monitor/monitor.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import type { MqttBridge } from "../mqtt/mqtt-publisher.js";
import { type ConnectionNotifier, waysOf } from "../notify/connection-notifier.js";
import type { FinalNotifications } from "../notify/final-notifications.js";
import { Relay, type RelayEnding, type RelayOwner } from "../relay/relay.js";
import type { DeadPeers } from "../sockets/dead-peers.js";
import type { EarlyBytes, WaitingBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";
import { resetLingering } from "../sockets/lingering-close.js";
import { peerBacklog } from "../sockets/peer-backlog.js";
import { type StreamEnd, streamOf } from "../sockets/stream-end.js";
import { GATHER_MS, type SocketTable } from "../system/socket-table.js";
import type { ConnectionLog } from "./connection-log.js";
import type { ReachedRemote } from "./dial-phase.js";
import { messageStreams } from "./message-streams.js";
import { ObserverFork } from "./observer-fork.js";
import { beginNotifier, notifierForBus, type TellingContext, type ToldRelay } from "./relay-notifier.js";
import type { RelayParking, RelayParkingOwner } from "./relay-parking.js";
import { type ConnectedLine, TellableConnection } from "./tellable-connection.js";

/** What relaying needs of the daemon. */
export interface RelayPhaseContext extends TellingContext {
  readonly sockets: SocketTable;
  readonly deadPeers: DeadPeers;
  readonly monitor: Pick<Monitor, "observes" | "addStream">;
  /** Send what a connection leaves unsent. */
  readonly finalNotifications: FinalNotifications;
  /** Publishes the bytes of a remote, and writes to it what others publish; undefined: the options do not ask for that. */
  rawBridge(options: ConnOptions, remote: End): MqttBridge | undefined;
}

/** The connection whose bytes are relayed. */
export interface RelayPhaseOwner {
  /** The client has been sent everything, and FIN behind it. */
  clientFinished(): void;
  /** Nothing more will pass. The remote is gone, or about to be reset; the client may still have bytes to take. */
  relayEnded(ending: RelayEnding): void;
  /** The plugin has got the final notification, or that has been given up. */
  pluginNotified(): void;
  /** The client has gone, and the connection waits for it. */
  clientParked(): void;
  /** Another connection of the same client has got the remote: this one is over. @returns its place for a remote, which the other one has now */
  remoteTaken(): Pass | undefined;
  fault(error: unknown): void;
}

/** A connection while bytes are relayed (`echo` in STAT), and its notifications to the final one. */
export class RelayPhase implements RelayOwner, RelayParkingOwner {
  readonly kind = "echo";
  readonly request: ConnRequest;
  readonly relay: Relay;
  /** Undefined: the connection ends when its client goes. */
  readonly #parking: RelayParking | undefined;
  #serverLease: ServerLease | undefined;
  readonly #client: StreamEnd;
  readonly #log: ConnectionLog;
  readonly #context: RelayPhaseContext;
  readonly #owner: RelayPhaseOwner;
  /** Where the bytes are published: see {@link RelayPhaseContext.rawBridge}. */
  readonly #published: { readonly bridge: MqttBridge; readonly point: ObserverFork } | undefined;
  #notifier: ConnectionNotifier | undefined;

  /** @param line the one whose listener the client has connected to; undefined: nothing is told */
  constructor(
    { end, request, pid, serverLease, former, waiting, parking }: ReachedRemote,
    client: StreamEnd,
    line: ConnectedLine | undefined,
    ends: EndRules,
    log: ConnectionLog,
    context: RelayPhaseContext,
    owner: RelayPhaseOwner,
  ) {
    const { options } = request;
    this.request = request;
    this.#serverLease = serverLease;
    this.#client = client;
    this.#log = log;
    this.#context = context;
    this.#owner = owner;
    if (parking !== undefined) this.#parking = parking.lot.parkingOf(parking, request.options, client, this);
    this.relay = new Relay(this.#parking?.client ?? client, end, options, ends, context.clock, this);
    if (former !== undefined) {
      this.relay.handover.restore(former.progress, context.clock.now());
      this.#parking?.restore(former);
    }
    if (line === undefined) return;
    const bridge = context.rawBridge(options, end);
    if (bridge !== undefined) this.#published = { bridge, point: forkOf(this.relay, bridge) };
    const told = new TellableConnection(pid, waiting?.bytes.length, line, request, log, this.relay);
    const ways = waysOf(options, told, context);
    if (ways.length > 0 || context.events.wantsConnections)
      this.#notifier = beginNotifier(ways, told, this.#toldRelay, former?.ways);
  }

  get #toldRelay(): ToldRelay {
    const { options } = this.request;
    return { options, client: this.#client, log: this.#log, context: this.#context, owner: this.#owner };
  }

  /** Tells what happens from now on to those who want all events, where there are any. @param id of the connection */
  tellBus(id: string, line: ConnectedLine): void {
    const { request, relay } = this;
    const told = new TellableConnection(request.options.notify?.pid ?? id, undefined, line, request, this.#log, relay);
    this.#notifier = notifierForBus(this.#notifier, told, this.#toldRelay);
  }

  /**
   * Begins to relay.
   *
   * @param early what the client has sent for the remote already
   * @param waiting what the remote has sent for the client, where it was parked
   */
  start(early: EarlyBytes, waiting?: WaitingBytes): void {
    const { deadPeers, monitor } = this.#context;
    deadPeers.add(streamOf(this.relay.remote));
    if (monitor.observes(this.request.options)) for (const messages of this.streams) monitor.addStream(messages);
    if (this.#parking === undefined) this.relay.start(early, waiting);
    else this.#parking.start(early, waiting);
  }

  /** Its notifier, while another process may be told to go on with the connection. */
  get notifier(): Pick<ConnectionNotifier, "hold" | "goOn" | "state"> | undefined {
    return this.#notifier;
  }

  /** What becomes of the connection when its client goes; undefined: it ends. */
  get parking(): Pick<RelayParking, "parkedState" | "client"> | undefined {
    return this.#parking;
  }

  /** Another process goes on with the connection: nothing is told here any more. */
  letGo(): void {
    this.#freeRemote();
    this.relay.handover.letGo();
    this.#notifier?.clientClosed();
    this.#notifier?.giveUp();
    this.#notifier = undefined;
    this.#context.deadPeers.remove(streamOf(this.relay.remote));
    this.#context.deadPeers.remove(this.#client);
  }

  /** Lets go of the remote: the connection is closing. Notifications go on. */
  close(): void {
    this.#freeRemote();
    const { remote } = this.relay;
    if (remote.gone) this.#context.deadPeers.remove(streamOf(remote)); // one that waits for its reset may still vanish
  }

  /** Nobody gets the remote again, and nothing is published of it. */
  #freeRemote(): void {
    this.#parking?.close();
    this.#serverLease?.release();
    this.#published?.bridge.end();
  }

  /** Its messages. */
  get streams(): readonly TracedStream[] {
    return messageStreams(this.#log.source(this.request), this.request.options, this.relay, this.#published?.point);
  }

  /** Its notifications so far, where the plugin wants any. */
  get notifyStatus(): NotifyStatus | undefined {
    return this.#notifier?.status;
  }

  /** What other ways have been told. */
  get tellStatuses(): readonly NotifyStatus[] {
    return this.#notifier?.tellStatuses ?? [];
  }

  /** Whether the plugin has got the final notification, or gets none. */
  get isPluginNotified(): boolean {
    return this.#notifier?.done ?? true;
  }

  /** The client has taken more of what waits for it. */
  drained(): void {
    this.relay.observer?.drained("down");
    this.#notifier?.dataWritten();
  }

  /** Sends the final notification: the client has been sent FIN. */
  final(reason: string): void {
    this.#notifier?.connectionEnded(reason);
  }

  /** The client's socket is gone: {@link FinalNotifications} send what is still unsent. */
  clientGone(): void {
    this.#notifier?.clientClosed();
    if (this.#notifier?.done === false) this.#context.finalNotifications.add(this.#notifier, this.#log);
    this.#notifier = undefined;
  }

  /** What the kernel knows of the client, without reading from it. */
  async clientState(): Promise<PeerState> {
    if (this.isParked || this.#client.peerPort === 0) return "present"; // the kernel's table has no Unix sockets
    const state = await this.#context.sockets.peerState(this.#client.ownKey, this.#client.peerKey, GATHER_MS);
    return state !== "present" && this.#parking?.readToEnd() ? "present" : state; // it parks itself behind its last byte
  }

  backlogOf(end: End): Promise<PeerBacklog> {
    return peerBacklog(end, this.#context.sockets);
  }

  writtenToClient(bytes: number): void {
    this.#log.passed(bytes, "remote", "client", this.#client);
    this.#notifier?.dataWritten();
  }

  clientDrained(): void {
    this.#log.debug("client reads again");
    this.#notifier?.dataWritten();
  }

  writtenToRemote(bytes: number): void {
    this.#log.passed(bytes, "client", "remote", this.relay.remote);
  }

  remoteEnded(): void {
    this.#notifier?.connectionEnding();
  }

  clientFinished(): void {
    this.#owner.clientFinished();
  }

  relayEnded(ending: RelayEnding): void {
    if (this.#parking?.keeps(ending) !== true) this.#owner.relayEnded(ending);
  }

  /** Whether its client has gone, and it waits for the client. */
  get isParked(): boolean {
    return this.#parking?.client.isAway === true;
  }

  /** What STAT shows of that. */
  get parkedStatus(): ParkedStatus | undefined {
    return this.#parking?.status;
  }

  /** Ends from outside. */
  stop(reason: string): void {
    this.#parking?.close();
    this.relay.close(reason);
  }

  /** The same, and another client gets the remote. */
  giveWay(reason: string): void {
    this.#parking?.close();
    this.relay.giveWay(reason);
  }

  clientLeft(): void {
    this.#notifier?.clientLeft();
  }

  parked(waitingBytes: number): void {
    const time = formatSeconds(this.request.options.parkMs);
    this.#log.info(`client has gone, parked for ${time}: ${waitingBytes} bytes wait`);
    this.#notifier?.parked(waitingBytes);
    this.#owner.clientParked();
  }

  notParked(why: string): void {
    this.#log.warn(`not parked: ${why}`);
  }

  handedOver(): ReturnType<RelayParkingOwner["handedOver"]> {
    const serverLease = this.#serverLease;
    this.#serverLease = undefined;
    this.#context.deadPeers.remove(streamOf(this.relay.remote)); // of these settings
    this.#notifier?.giveUp();
    this.#notifier = undefined;
    return { serverLease, pass: this.#owner.remoteTaken() };
  }

  resetRemote(remote: End, writtenAt: number): void {
    const log = this.#log; // the remote outlives the connection, and must not keep it in memory
    resetLingering(remote, writtenAt, this.#context, (error) => {
      log.fault(error);
      remote.destroy();
    });
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
  }
}

/** Publishes what the remote says, beside whoever else looks on. */
function forkOf(relay: Relay, bridge: MqttBridge): ObserverFork {
  return new ObserverFork(relay, (direction, chunk) => {
    if (direction === "down") bridge.offer(chunk);
  });
}
