import type { Farewell } from "../core/tunnel/farewell.js";
import type { SendableCommand, TunnelCommand } from "../core/tunnel/frames.js";
import type { LinkBytes, TunnelLinkStatus } from "../core/tunnel/tunnel-status.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import { Channel, type ChannelOwner } from "./channel.js";
import { LinkClients } from "./link-clients.js";
import { LinkConnection } from "./link-connection.js";
import { LinkKeepalive } from "./link-keepalive.js";
import { LinkPeer } from "./link-peer.js";
import { ReceiveFlowControl } from "./receive-flow-control.js";
import type { ResumableEnd, SessionConnection, SessionEvents, SessionTerms } from "./resumable-end.js";
import { SendScheduler } from "./send-scheduler.js";
import type { TunnelLinkEvents, TunnelLinkRules } from "./tunnel-link-events.js";

/** Bytes that a peer may leave unread, beside those of clients: CONNECTs, CLOSEs and PONGs. A peer that leaves more is cut off. */
const MAX_UNSENT = 1_048_576;

/** What is between server and device: a {@link LinkConnection}, and the clients that share it. Both sides use it alike. */
export class TunnelLink implements ChannelOwner {
  /** What the other side is, and can do. */
  readonly peer: LinkPeer;
  readonly #connection: LinkConnection;
  readonly #rules: TunnelLinkRules;
  readonly #clock: Clock;
  readonly #events: TunnelLinkEvents;
  readonly #clients = new LinkClients();
  readonly #sendScheduler: SendScheduler;
  readonly #receiveFlow: ReceiveFlowControl<Channel>;
  readonly #keepalive: LinkKeepalive;
  /** Clients that have got bytes in this time slice. */
  readonly #addressed = new Set<Channel>();
  readonly #openedAt: number;
  #received = 0;
  #closed = false;

  /** @param end connected, and paused */
  constructor(end: StreamEnd, rules: TunnelLinkRules, clock: Clock, events: TunnelLinkEvents) {
    this.#rules = rules;
    this.#clock = clock;
    this.#events = events;
    this.#openedAt = clock.now();
    this.#connection = new LinkConnection(end, clock, {
      command: (command) => this.#handle(command),
      sliceDone: () => this.#sliceDone(),
      received: (bytes) => {
        this.#received += bytes;
        this.#keepalive.heard();
      },
      drained: () => this.#sendScheduler.drained(),
      lost: (reason) => this.close(reason),
      fault: (error) => this.#fault(error),
    });
    this.#sendScheduler = new SendScheduler(this.#connection, clock);
    this.peer = new LinkPeer(this.#sendScheduler, rules.instance);
    this.#receiveFlow = this.#createReceiveFlow();
    this.#keepalive = this.#createKeepalive();
  }

  #createReceiveFlow(): ReceiveFlowControl<Channel> {
    return new ReceiveFlowControl(this.#rules.stallMs, this.#clock, {
      pause: (channel) => this.#tellFlow(channel, "pause"),
      resume: (channel) => this.#tellFlow(channel, "resume"),
      pauseLink: () => {
        this.#regulateReading();
        this.#sendScheduler.readingPaused();
      },
      resumeLink: () => {
        this.#regulateReading();
        this.#keepalive.heard(); // the peer was not silent: this side did not listen
        this.#sendScheduler.readingResumed();
      },
      stalled: (channel) => this.#giveUp(channel),
    });
  }

  #createKeepalive(): LinkKeepalive {
    return new LinkKeepalive(this.#rules.probeMs, this.#clock, {
      isPaused: () => this.#receiveFlow.linkPaused || this.session?.isCut === true,
      answersPings: () => this.peer.isOurOwn,
      sendPing: () => this.#sendScheduler.sendPing(),
      sendNoOp: () => {
        const client = this.#clients.unusedId();
        if (client !== undefined) this.send({ kind: "close", client });
      },
      lost: (reason) => this.#connection.giveUp(reason),
    });
  }

  /** Begins to read. */
  start(): void {
    this.#keepalive.start();
    this.#connection.read(true);
  }

  /** Undefined where the link ends with its connection. */
  get session(): ResumableEnd | undefined {
    return this.#connection.session;
  }

  /** See {@link LinkConnection.beginSession}. */
  beginSession(terms: SessionTerms, answers: boolean, told: SessionEvents): void {
    this.#connection.beginSession(terms, answers, {
      cut: (reason) => told.cut(reason),
      resumed: (afterMs) => {
        this.#keepalive.heard();
        this.#sendScheduler.readingResumed(); // PONGs are late because there was no connection
        told.resumed(afterMs);
      },
    });
  }

  /** Closes the link, and gives its connection to another one. Nothing is told. */
  release(): SessionConnection | undefined {
    return this.#stop() ? this.#connection.release() : undefined;
  }

  /** Asks the peer to answer pings, if it can: so no client waits for long behind the bytes of others. */
  startPinging(): void {
    this.#sendScheduler.startPinging();
  }

  /**
   * The link as STAT shows it.
   *
   * @param address of the peer
   */
  status(address: string): TunnelLinkStatus {
    return {
      address,
      ageMs: Math.round(this.#clock.now() - this.#openedAt),
      clients: this.#clients.count,
      ...this.bytes,
    };
  }

  get bytes(): LinkBytes {
    return { received: this.#received, sent: this.#sendScheduler.sent };
  }

  /** A number for another client; undefined when no number is left. */
  freeId(): number | undefined {
    return this.#clients.freeId(this.#clock.now());
  }

  /** Adds a client. A client that has this number already is closed: the peer has given its number away. */
  open(id: number, peer: { readonly host: string; readonly port: number }): Channel {
    const former = this.#clients.get(id);
    if (former !== undefined) {
      this.#remove(former);
      former.cut("the other side has given its number to another client");
    }
    const channel = new Channel(id, peer, this);
    this.#clients.add(channel);
    this.#makeRoom();
    return channel;
  }

  /** Sends a command, unless the link has closed. A peer that does not read is cut off. */
  send(command: SendableCommand): void {
    if (this.#closed) return;
    this.#sendScheduler.send(command);
    this.#checkUnsent();
  }

  /** Closes the link and all its clients. */
  close(reason: string): void {
    if (!this.#stop()) return;
    this.#connection.close();
    this.#tellLost(reason, false);
  }

  /**
   * Closes the link and all its clients, and tells the peer why.
   *
   * @param gone told once, when the connection is closed. `answered`: the peer has closed it. Not told where the link has closed before
   */
  dismiss(reason: string, farewell: Farewell, gone: (answered: boolean) => void): void {
    if (!this.#stop()) return;
    this.#connection.dismiss(farewell, gone);
    this.#tellLost(reason, true);
  }

  #stop(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#keepalive.stop();
    this.#receiveFlow.close();
    return true;
  }

  #tellLost(reason: string, isDismissed: boolean): void {
    for (const channel of this.#clients.takeAll()) channel.cut(`link lost: ${reason}`);
    this.#events.lost(reason, isDismissed);
  }

  // events of channels

  wantsToSend(channel: Channel): void {
    this.#sendScheduler.schedule(channel);
  }

  pendingChanged(channel: Channel): void {
    this.#receiveFlow.changed(channel);
  }

  ended(channel: Channel): void {
    this.#clients.ended(channel);
    this.#makeRoom();
  }

  closed(channel: Channel): void {
    this.#remove(channel);
    this.#clients.closedHere(channel.id, this.#clock.now(), this.peer.isOurOwn);
    this.send({ kind: "close", client: channel.id });
  }

  #checkUnsent(): void {
    if (this.#connection.unsent > MAX_UNSENT) this.close("the other side does not read");
  }

  #makeRoom(): void {
    for (let channel = this.#clients.nextToClose; channel !== undefined; channel = this.#clients.nextToClose) {
      this.closed(channel);
      channel.close();
    }
  }

  #remove(channel: Channel): void {
    this.#sendScheduler.remove(channel);
    this.#clients.remove(channel);
  }

  #giveUp(channel: Channel): void {
    this.#events.stalled(channel);
    if (this.#clients.has(channel)) this.closed(channel);
    channel.cut(`the client has not read for ${this.#rules.stallMs / 1000} s, and the others had to wait`);
  }

  #tellFlow(channel: Channel, kind: "pause" | "resume"): void {
    if (this.#clients.has(channel)) this.send({ kind, client: channel.id });
  }

  #sliceDone(): void {
    for (const channel of this.#addressed) channel.flush(); // one write for all frames of the slice
    this.#addressed.clear();
    this.#answerPings();
    this.#regulateReading();
  }

  #answerPings(): void {
    if (this.#closed || !this.peer.answerPings()) return;
    this.#receiveFlow.enablePausing();
    this.#checkUnsent();
  }

  /** Reads the link, unless frames wait for a later slice, or clients have to read first. */
  #regulateReading(): void {
    if (this.#closed) return;
    this.#connection.read(!this.#connection.behind && !this.#receiveFlow.linkPaused);
  }

  #handle(command: TunnelCommand): void {
    const channel = "client" in command ? this.#clients.get(command.client) : undefined;
    switch (command.kind) {
      case "data":
        if (channel === undefined) return; // this side has closed it, and the peer does not know yet
        channel.deliver(command.bytes);
        this.#addressed.add(channel);
        return;
      case "close":
        this.#closedByPeer(command, channel);
        return;
      case "ping":
        this.peer.pingReceived();
        return;
      case "pong":
        this.peer.pongReceived();
        return;
      case "pause":
        if (channel !== undefined) this.#sendScheduler.pause(channel);
        return;
      case "resume":
        if (channel !== undefined) this.#sendScheduler.resume(channel);
        return;
      case "hello":
        this.peer.helloReceived(command);
        this.#events.command(command);
        return;
      default:
        this.#events.command(command);
    }
  }

  #closedByPeer(command: TunnelCommand & { kind: "close" }, channel: Channel | undefined): void {
    this.#clients.closedThere(command.client);
    if (channel === undefined) return;
    this.#remove(channel);
    // our own peers learn by this that nothing more of the client comes; a peer of another make may have a new client of that number
    if (this.peer.isOurOwn) this.send(command);
    channel.close();
  }

  #fault(error: unknown): void {
    this.#events.fault(error);
    this.close("fault in the program");
  }
}
