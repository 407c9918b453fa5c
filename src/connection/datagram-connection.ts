import type { Pass } from "../accept/door.js";
import type { AcceptedClient, Listener } from "../accept/listener.js";
import { CONN_ENDS } from "../core/limits/end-rules.js";
import type { PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import type { Dial } from "../dial/dial.js";
import { DialError } from "../dial/dial-error.js";
import type { TracedStream } from "../monitor/traced-stream.js";
import { Relay, type RelayEnding, type RelayOwner } from "../relay/relay.js";
import type { DeadPeers } from "../sockets/dead-peers.js";
import { NO_EARLY_BYTES } from "../sockets/early-data.js";
import { type End, endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import { peerBacklog } from "../sockets/peer-backlog.js";
import { streamOf } from "../sockets/stream-end.js";
import type { UdpEnd } from "../sockets/udp-end.js";
import type { SocketTable } from "../system/socket-table.js";
import { BaseConnection, type BaseConnectionContext } from "./base-connection.js";
import type { RegisteredConnection } from "./connection-registry.js";
import { messageStreams } from "./message-streams.js";

/** How long a client whose remote cannot be reached is not heard: each of its datagrams would begin another attempt. */
const DEAF_MS = 1000;

/** How long a client may be silent, and its remote, where the line does not say. A client of UDP never says that it has gone. */
const IDLE_MS = 60_000;

/** What a client that sends datagrams needs of the daemon. */
export interface DatagramConnectionContext extends BaseConnectionContext {
  readonly sockets: SocketTable;
  readonly deadPeers: DeadPeers;
}

type Phase =
  | { readonly kind: "new" }
  | { readonly kind: "dialing"; readonly request: ConnRequest; readonly dial: Dial }
  | { readonly kind: "echo"; readonly request: ConnRequest; readonly dial: Dial; readonly relay: Relay }
  | { readonly kind: "closing"; readonly request: ConnRequest | undefined; readonly relay: Relay | undefined };

/**
 * A client that sends datagrams to a `[direct]` line: an address, until it has been silent for the line's idle time. UDP knows no end:
 * the client hears of nothing but datagrams.
 */
export class DatagramConnection
  extends BaseConnection<UdpEnd, DatagramConnectionContext>
  implements AcceptedClient, RegisteredConnection, RelayOwner
{
  readonly isWatching = false;
  #phase: Phase = { kind: "new" };

  constructor(
    id: string,
    client: UdpEnd,
    origin: ClientOrigin,
    listener: Pick<Listener, "name" | "port">,
    context: DatagramConnectionContext,
    pass?: Pass,
  ) {
    super(id, client, origin, listener, context, pass);
    this.log.release(); // it has begun with a datagram
    this.log.info(`opened on ${listener.name}`);
  }

  beginSetup(): void {
    throw new Error("setup mode needs a stream");
  }

  handOver(): void {
    throw new Error("only a stream has a socket of its own");
  }

  connect(request: ConnRequest, _replyMode: unknown, startDial: () => Dial): void {
    const dial = this.placedDial(startDial, request);
    this.#phase = { kind: "dialing", request, dial };
    this.log.target = formatRemote(request);
    this.log.show(request, "CONNECT", () => `to ${formatRemote(request)}`);
    this.client.events = { ...IGNORE_EVENTS, closed: (error) => this.#close(endedBy("client", error)) };
    dial.end
      .then(
        (remote) => this.#connected(remote, dial),
        (error: unknown) => this.#failed(error, request),
      )
      .catch((error: unknown) => this.fault(error));
  }

  #connected(remote: End, dial: Dial): void {
    if (this.#phase.kind !== "dialing") {
      remote.destroy();
      dial.serverLease?.release();
      return;
    }
    const request = dial.serverLease?.request ?? this.#phase.request;
    const { clock, deadPeers, monitor } = this.context;
    this.log.target = formatRemote(request);
    if (dial.kind === "socket") this.log.connected(remote, clock.now() - this.openedAt);
    const stream = streamOf(remote);
    if (stream !== undefined) deadPeers.add(stream);
    const quietMs = request.options.quietMs || IDLE_MS;
    const relay = new Relay(this.client, remote, { ...request.options, quietMs }, CONN_ENDS, clock, this);
    this.#phase = { kind: "echo", request, dial, relay };
    if (monitor.observes(request.options)) for (const messages of this.streams) monitor.addStream(messages);
    relay.start(NO_EARLY_BYTES);
  }

  #failed(error: unknown, request: ConnRequest): void {
    if (this.#phase.kind !== "dialing") return;
    if (!(error instanceof DialError)) throw error;
    this.log.show(request, "ERROR", () => error.message);
    this.#close(error.message, DEAF_MS);
  }

  /** Ends the connection because the daemon ends. */
  stop(reason: string): void {
    this.#close(reason);
  }

  evict(reason: string): void {
    this.#close(reason);
  }

  /** Nothing is told of datagrams: they come and go without a connection. */
  tellBus(): void {}

  get isPresent(): boolean {
    return this.#phase.kind !== "closing";
  }

  get isEndAnnounced(): boolean {
    return this.#phase.kind === "closing";
  }

  get streams(): readonly TracedStream[] {
    if (this.#phase.kind !== "echo") return [];
    const { request, relay } = this.#phase;
    return messageStreams(this.log.source(request), request.options, relay);
  }

  protected get shownPhase(): Phase {
    return this.#phase;
  }

  protected get relay(): Relay | undefined {
    return "relay" in this.#phase ? this.#phase.relay : undefined;
  }

  // events of the relay

  writtenToClient(bytes: number): void {
    this.log.passed(bytes, "remote", "client", this.client);
  }

  writtenToRemote(bytes: number): void {
    if (this.relay !== undefined) this.log.passed(bytes, "client", "remote", this.relay.remote);
  }

  clientDrained(): void {}

  remoteEnded(): void {}

  /** The remote has closed. The client cannot be told; its next datagram begins anew. */
  clientFinished(): void {
    this.#close("by remote");
  }

  relayEnded({ reason, isReset }: RelayEnding): void {
    this.isReset = isReset;
    this.#close(reason);
  }

  resetRemote(remote: End): void {
    remote.destroy();
  }

  /** UDP has no reset. */
  abandon(): void {}

  clientState(): Promise<PeerState> {
    return Promise.resolve("present");
  }

  backlogOf(end: End): Promise<PeerBacklog> {
    return peerBacklog(end, this.context.sockets);
  }

  fault(error: unknown): void {
    this.log.fault(error);
    this.#close("fault in the program");
  }

  /** @param deafMs the client is not heard for so long */
  #close(reason: string, deafMs = 0): void {
    const phase = this.#phase;
    if (phase.kind === "closing") return;
    const request = "request" in phase ? phase.request : undefined;
    this.#phase = { kind: "closing", request, relay: this.relay };
    const text = this.endText(reason);
    this.log.info(`closed: ${text}`);
    if (request !== undefined) this.log.show(request, "DISCONNECT", () => text);
    this.#letGo(phase, reason);
    this.client.events = { ...IGNORE_EVENTS, closed: () => this.context.changed(this) };
    this.client.pause();
    if (deafMs === 0) this.client.destroy();
    else this.context.clock.after(deafMs, () => this.client.destroy());
    this.context.changed(this);
  }

  #letGo(phase: Phase, reason: string): void {
    if (phase.kind === "dialing") phase.dial.abort();
    if (phase.kind !== "echo") return;
    phase.dial.serverLease?.release();
    const stream = streamOf(phase.relay.remote);
    if (stream !== undefined) this.context.deadPeers.remove(stream);
    phase.relay.close(reason);
  }
}
