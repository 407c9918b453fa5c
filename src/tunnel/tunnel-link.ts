import type { Farewell } from "../core/tunnel/farewell.js";
import type { SendableCommand, TunnelCommand } from "../core/tunnel/frames.js";
import type { LinkBytes, TunnelLinkStatus } from "../core/tunnel/tunnel-status.js";
import type { Clock } from "../system/clock.js";
import type { Channel } from "./channel.js";
import { LinkChannels } from "./link-channels.js";
import { LinkConnection } from "./link-connection.js";
import { LinkKeepalive } from "./link-keepalive.js";
import { LinkPeer } from "./link-peer.js";
import type { SessionConnection } from "./resumable-end.js";
import { SendScheduler } from "./send-scheduler.js";
import type { TunnelLinkEvents, TunnelLinkRules } from "./tunnel-link-events.js";

/** Bytes that a peer may leave unread, beside those of clients: CONNECTs, CLOSEs and PONGs. A peer that leaves more is cut off. */
const MAX_UNSENT = 1_048_576;

/** What is between server and device: a {@link LinkConnection}, and the clients that share it. Both sides use it alike. */
export class TunnelLink {
  /** What the other side is, and can do. */
  readonly peer: LinkPeer;
  readonly connection: LinkConnection;
  readonly #clock: Clock;
  readonly #events: TunnelLinkEvents;
  readonly #channels: LinkChannels;
  readonly #sendScheduler: SendScheduler;
  readonly #keepalive: LinkKeepalive;
  readonly #openedAt: number;
  #received = 0;
  #closed = false;

  /** @param end connected, and paused */
  constructor(end: SessionConnection, rules: TunnelLinkRules, clock: Clock, events: TunnelLinkEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#openedAt = clock.now();
    this.connection = new LinkConnection(end, clock, {
      command: (command, isFresh) => this.#handle(command, isFresh),
      sliceDone: () => this.#sliceDone(),
      received: (bytes) => {
        this.#received += bytes;
        this.#keepalive.heard();
      },
      drained: () => this.#sendScheduler.drained(),
      lost: (reason) => this.close(reason),
      resumed: () => {
        this.#keepalive.heard();
        this.#sendScheduler.readingResumed(); // PONGs are late because there was no connection
      },
      fault: (error) => this.#fault(error),
    });
    this.#sendScheduler = new SendScheduler(this.connection, clock);
    this.peer = new LinkPeer(this.#sendScheduler, rules.instance);
    this.#channels = this.#createChannels(rules.stallMs);
    this.#keepalive = this.#createKeepalive(rules.probeMs);
  }

  #createChannels(stallMs: number): LinkChannels {
    return new LinkChannels(stallMs, this.#clock, this.peer, this.#sendScheduler, {
      send: (command) => this.send(command),
      pauseLink: () => {
        this.#regulateReading();
        this.#sendScheduler.readingPaused();
      },
      resumeLink: () => {
        this.#regulateReading();
        this.#keepalive.heard(); // the peer was not silent: this side did not listen
        this.#sendScheduler.readingResumed();
      },
      stalled: (channel) => this.#events.stalled(channel),
      lent: () => this.connection.keepChunk(),
      isCut: () => this.connection.isCut,
    });
  }

  #createKeepalive(probeMs: number): LinkKeepalive {
    return new LinkKeepalive(probeMs, this.#clock, {
      isPaused: () => this.#channels.linkPaused || this.connection.isCut,
      answersPings: () => this.peer.isOurOwn,
      sendPing: () => this.#sendScheduler.sendPing(),
      sendNoOp: () => {
        const client = this.#channels.unusedId();
        if (client !== undefined) this.send({ kind: "close", client });
      },
      unanswered: async () => this.#events.unanswered?.(),
      lost: (reason) => this.connection.giveUp(reason),
    });
  }

  /** Begins to read. */
  start(): void {
    this.#keepalive.start();
    this.connection.read(true);
  }

  /** Closes the link, and gives its connection to another one. Nothing is told. */
  release(): SessionConnection | undefined {
    return this.#stop() ? this.connection.release() : undefined;
  }

  /** See {@link LinkKeepalive.findWithin}. */
  findLossWithin(ms: number): void {
    this.#keepalive.findWithin(ms);
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
      clients: this.#channels.count,
      ...(this.connection.isCut && { resuming: true }),
      ...this.bytes,
    };
  }

  get clientCount(): number {
    return this.#channels.count;
  }

  get bytes(): LinkBytes {
    return { received: this.#received, sent: this.#sendScheduler.sent };
  }

  /** A number for another client; undefined when no number is left. */
  freeId(): number | undefined {
    return this.#channels.freeId();
  }

  /** Adds a client. A client that has this number already is closed: the peer has given its number away. */
  open(id: number, peer: { readonly host: string; readonly port: number }): Channel {
    return this.#channels.open(id, peer);
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
    this.connection.close();
    this.#tellLost(reason, false);
  }

  /**
   * Closes the link and all its clients, and tells the peer why, where it understands that.
   *
   * @param gone told once, when the connection is closed. `answered`: the peer has closed it. Not told where the link has closed before
   */
  dismiss(reason: string, farewell: Farewell | undefined, gone: (answered: boolean) => void): void {
    if (!this.#stop()) return;
    this.connection.dismiss(farewell, gone);
    this.#tellLost(reason, true);
  }

  /**
   * Closes the link because this side wants so. One of our own is told: its log has the reason, and with a session it does not wait for
   * another connection.
   *
   * @param gone told when the connection is closed, unless `lost` tells that
   */
  leave(reason: string, gone = (): void => {}): void {
    if (this.connection.session !== undefined || this.peer.can("bye"))
      this.dismiss(reason, { reason: "closed", text: reason }, gone);
    else this.close(reason);
  }

  #stop(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#keepalive.stop();
    this.#channels.stop();
    return true;
  }

  #tellLost(reason: string, isDismissed: boolean): void {
    this.#channels.cut(`link lost: ${reason}`);
    this.#events.lost(reason, isDismissed);
  }

  #checkUnsent(): void {
    if (this.connection.unsent > MAX_UNSENT) this.close("the other side does not read");
  }

  #sliceDone(): void {
    this.#channels.sliceDone();
    if (!this.#closed && this.peer.answerPings()) {
      this.#channels.peerIsOurOwn();
      this.#checkUnsent();
    }
    this.#regulateReading();
  }

  /** Reads the link, unless frames wait for a later slice, or clients have to read first. */
  #regulateReading(): void {
    if (this.#closed) return;
    this.connection.read(!this.connection.behind && !this.#channels.linkPaused);
  }

  #handle(command: TunnelCommand, isFresh: boolean): void {
    switch (command.kind) {
      case "data":
        this.#channels.receive(command.client, command.bytes, isFresh);
        return;
      case "fin":
      case "close":
      case "reset":
        this.#channels.endedThere(command.client, command.kind);
        return;
      case "pause":
      case "resume":
        this.#channels[command.kind](command.client);
        return;
      case "credit":
        this.#channels.credit(command.client, command.bytes);
        return;
      case "ping":
        this.peer.pingReceived();
        return;
      case "pong":
        this.peer.pongReceived();
        return;
      case "hello":
        this.peer.helloReceived(command);
        this.#channels.peerKnown();
        this.#events.command(command);
        return;
      default:
        this.#events.command(command);
    }
  }

  #fault(error: unknown): void {
    this.#events.fault(error);
    this.close("fault in the program");
  }
}
