import type { SendableCommand } from "../core/tunnel/frames.js";
import { GrowthStock } from "../core/tunnel/receive-credit.js";
import type { Clock } from "../system/clock.js";
import { Channel, type ChannelOwner, type PeerEnd } from "./channel.js";
import { LinkClients } from "./link-clients.js";
import type { LinkPeer } from "./link-peer.js";
import { QuietClients } from "./quiet-clients.js";
import { ReceiveFlowControl } from "./receive-flow-control.js";
import type { SendScheduler } from "./send-scheduler.js";

/** What the clients of a link ask of it. */
export interface LinkChannelsOwner {
  send(command: SendableCommand): void;
  /** Read nothing more from the link: clients have to read first. */
  pauseLink(): void;
  resumeLink(): void;
  /** A client is closed because it did not read for too long. */
  stalled(channel: Channel): void;
  /** See {@link ChannelOwner.lent}. */
  lent(): void;
  /** See {@link ChannelOwner.isCut}. */
  isCut(): boolean;
}

/** The clients of a link: what each of them sends and receives, and how they end. */
export class LinkChannels implements ChannelOwner {
  readonly #clock: Clock;
  readonly #peer: LinkPeer;
  readonly #scheduler: SendScheduler;
  readonly #owner: LinkChannelsOwner;
  readonly #clients = new LinkClients();
  readonly #stock = new GrowthStock();
  readonly #receiveFlow: ReceiveFlowControl<Channel>;
  readonly #quietClients: QuietClients;
  readonly #stallMs: number;
  /** Clients that have got bytes in this time slice. */
  readonly #addressed = new Set<Channel>();

  /** @param stallMs how long the link waits for a client that does not read, where the peer cannot be asked to hold back for it */
  constructor(stallMs: number, clock: Clock, peer: LinkPeer, scheduler: SendScheduler, owner: LinkChannelsOwner) {
    this.#stallMs = stallMs;
    this.#clock = clock;
    this.#peer = peer;
    this.#scheduler = scheduler;
    this.#owner = owner;
    this.#receiveFlow = new ReceiveFlowControl(stallMs, clock, {
      pause: (channel) => this.#tell("pause", channel),
      resume: (channel) => this.#tell("resume", channel),
      pauseLink: () => owner.pauseLink(),
      resumeLink: () => owner.resumeLink(),
      stalled: (channel) => this.#giveUp(channel),
    });
    this.#quietClients = new QuietClients(
      clock,
      (channel) => channel.pending > 0 || peer.awaitsHello,
      (channel) => this.#closeBothWays(channel),
    );
  }

  get count(): number {
    return this.#clients.count;
  }

  /** Whether nothing is to be read from the link. */
  get linkPaused(): boolean {
    return this.#receiveFlow.linkPaused;
  }

  get isCut(): boolean {
    return this.#owner.isCut();
  }

  get passesFin(): boolean {
    return this.#peer.can("fin");
  }

  /** A number for another client; undefined when no number is left. */
  freeId(): number | undefined {
    return this.#clients.freeId(this.#clock.now());
  }

  /** A number that no client has; undefined when clients have all of them. */
  unusedId(): number | undefined {
    return this.#clients.unusedId();
  }

  /** Adds a client. A client that has this number already is closed: the peer has given its number away. */
  open(id: number, peer: { readonly host: string; readonly port: number }): Channel {
    const former = this.#clients.get(id);
    if (former !== undefined) {
      this.#remove(former);
      former.cut("the other side has given its number to another client");
    }
    const channel = new Channel(id, peer, this, this.#stock);
    this.#clients.add(channel);
    this.#makeRoom();
    return channel;
  }

  /** The peer has sent or answered PINGs. */
  peerIsOurOwn(): void {
    this.#receiveFlow.enablePausing();
  }

  /** The peer has told what it can do. */
  peerKnown(): void {
    if (this.passesFin)
      for (const channel of this.#clients.takeEnded()) {
        this.#quietClients.forget(channel);
        this.#tell("fin", channel);
      }
    if (!this.#peer.can("credit")) return;
    this.#receiveFlow.enableCredit();
    this.#scheduler.enableCredit();
    for (const channel of this.#clients.all) this.#grant(channel);
  }

  /**
   * Bytes have come for a client.
   *
   * @param mayLend see {@link Channel.receive}
   */
  receive(client: number, bytes: Buffer, mayLend: boolean): void {
    const channel = this.#clients.get(client);
    if (channel === undefined) return; // this side has closed it, and the peer does not know yet
    this.#addressed.add(channel);
    channel.receive(bytes, mayLend);
  }

  /** The bytes of a time slice have come: what waits together becomes one write. */
  sliceDone(): void {
    for (const channel of this.#addressed) {
      channel.flush();
      this.#quietClients.moved(channel);
      this.#grant(channel);
    }
    this.#addressed.clear();
  }

  pause(client: number): void {
    const channel = this.#clients.get(client);
    if (channel !== undefined) this.#scheduler.pause(channel);
  }

  resume(client: number): void {
    const channel = this.#clients.get(client);
    if (channel !== undefined) this.#scheduler.resume(channel);
  }

  credit(client: number, bytes: number): void {
    const channel = this.#clients.get(client);
    if (channel === undefined) return;
    if (bytes === 0) channel.waitsThere();
    else this.#scheduler.credit(channel, bytes);
  }

  /** The peer has ended a client. */
  endedThere(client: number, how: PeerEnd): void {
    const channel = this.#clients.get(client);
    if (how === "fin") {
      channel?.endedThere(how);
      return;
    }
    this.#clients.closedThere(client);
    if (channel === undefined) return;
    this.#remove(channel);
    // our own peers learn by this that nothing more of the client comes; a peer of another make may have a new client of that number
    if (this.#peer.isOurOwn) this.#owner.send({ kind: "close", client });
    channel.endedThere(how);
  }

  /** The link has closed: no timer is left. */
  stop(): void {
    this.#receiveFlow.close();
    this.#quietClients.close();
  }

  /** Closes all clients at once. */
  cut(reason: string): void {
    for (const channel of this.#clients.takeAll()) channel.cut(reason);
  }

  // events of channels

  wantsToSend(channel: Channel): void {
    this.#scheduler.schedule(channel);
  }

  pendingChanged(channel: Channel): void {
    this.#receiveFlow.changed(channel);
    this.#grant(channel);
  }

  now(): number {
    return this.#clock.now();
  }

  lent(): void {
    this.#owner.lent();
  }

  waiting(channel: Channel): void {
    if (this.#peer.can("credit") && this.#clients.has(channel)) this.#credit(channel, 0);
  }

  ended(channel: Channel): void {
    if (this.passesFin) this.#tell("fin", channel);
    else if (this.#clients.has(channel)) {
      this.#clients.ended(channel);
      this.#quietClients.watch(channel);
      this.#makeRoom();
    }
  }

  closed(channel: Channel, how: "close" | "reset"): void {
    this.#remove(channel);
    this.#clients.closedHere(channel.id, this.#clock.now(), this.#peer.isOurOwn);
    this.#owner.send({ kind: this.#peer.can("reset") ? how : "close", client: channel.id });
  }

  #tell(kind: "pause" | "resume" | "fin", channel: Channel): void {
    if (this.#clients.has(channel)) this.#owner.send({ kind, client: channel.id });
  }

  #grant(channel: Channel): void {
    if (!this.#peer.can("credit") || !this.#clients.has(channel)) return;
    const bytes = channel.credit.grant(channel.pending);
    if (bytes > 0) this.#credit(channel, bytes);
  }

  #credit({ id: client }: Channel, bytes: number): void {
    this.#owner.send({ kind: "credit", client, bytes });
  }

  #makeRoom(): void {
    for (let channel = this.#clients.nextToClose; channel !== undefined; channel = this.#clients.nextToClose)
      this.#closeBothWays(channel);
  }

  #closeBothWays(channel: Channel): void {
    this.closed(channel, "close");
    channel.endedThere("close");
  }

  #giveUp(channel: Channel): void {
    this.#owner.stalled(channel);
    if (this.#clients.has(channel)) this.closed(channel, "reset");
    channel.cut(`the client has not read for ${this.#stallMs / 1000} s, and the others had to wait`);
  }

  #remove(channel: Channel): void {
    this.#scheduler.remove(channel);
    this.#clients.remove(channel);
    this.#quietClients.forget(channel);
    channel.credit.release();
  }
}
