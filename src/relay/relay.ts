import { type EndCause, type EndRules, type Partings, partings } from "../core/limits/end-rules.js";
import { hasEnded, type IdleDeadline, type PeerBacklog } from "../core/limits/idle-deadlines.js";
import { timeoutText } from "../core/limits/timeout-text.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import type { ByteObserver, ObservedPoint } from "../sockets/byte-observer.js";
import { type EarlyBytes, NOTHING_WAITS, type WaitingBytes } from "../sockets/early-data.js";
import { type End, type EndEvents, endedBy, IGNORE_EVENTS, isCut } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";
import { Flow, type FlowOwner, sourceOf } from "./flow.js";
import { RelayHandover } from "./relay-handover.js";
import type { RelayOptions, RelayOwner } from "./relay-owner.js";
import { RelayTimeouts, type RelayTimeoutsOwner } from "./relay-timeouts.js";

export type { RelayEnding, RelayOptions, RelayOwner } from "./relay-owner.js";

/**
 * Joins a client and a remote until both directions have ended or a time limit is reached (docs/protocol.md). Two {@link Flow}s move
 * the bytes; {@link RelayTimeouts} watches the silences; the relay decides when and how both ends close.
 */
export class Relay implements RelayTimeoutsOwner, FlowOwner, ObservedPoint {
  readonly #client: End;
  readonly #remote: End;
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #rules: EndRules;
  readonly #owner: RelayOwner;
  readonly #timeouts: RelayTimeouts;
  #observer: ByteObserver | undefined;
  /** The side that has ended first, in words for the log; undefined while none has. */
  #reason: string | undefined;
  #isOver = false;

  constructor(client: End, remote: End, options: RelayOptions, rules: EndRules, clock: Clock, owner: RelayOwner) {
    this.#client = client;
    this.#remote = remote;
    this.#rules = rules;
    this.#owner = owner;
    this.#down = new Flow("down", remote, client, options.blockSize, clock, this);
    this.#up = new Flow("up", client, remote, options.blockSize, clock, this);
    const { receiveTimeoutMs, quietMs, halfCloseMs = rules.halfCloseMs } = options;
    this.#timeouts = new RelayTimeouts(this.#down, this.#up, { receiveTimeoutMs, quietMs, halfCloseMs }, clock, this);
  }

  get observer(): ByteObserver | undefined {
    return this.#observer;
  }

  set observer(observer: ByteObserver | undefined) {
    this.#observer = observer;
    this.#down.observer = observer;
    this.#up.observer = observer;
  }

  /** Bytes from the remote. */
  get receivedBytes(): number {
    return this.#down.bytes;
  }

  /** Bytes to the remote. */
  get sentBytes(): number {
    return this.#up.bytes;
  }

  /** When the remote last sent something, by the clock. */
  get lastReceivedAt(): number {
    return this.#down.lastActivityAt;
  }

  /** When the client last sent something, by the clock. */
  get lastSentAt(): number {
    return this.#up.lastActivityAt;
  }

  get remote(): End {
    return this.#remote;
  }

  /** The side that has ended first, in words for the log; undefined while none has. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** For another process that goes on with the relay. */
  get handover(): RelayHandover {
    return new RelayHandover(this.#client, this.#remote, this.#down, this.#up, this.#timeouts);
  }

  /**
   * Begins.
   *
   * @param early what the client has sent for the remote already
   * @param waiting what the remote has sent for the client already, where it was parked
   */
  start(early: EarlyBytes, waiting: WaitingBytes = NOTHING_WAITS): void {
    this.#client.events = new Relay.#EventsOf(this, this.#up, this.#down);
    this.#remote.events = new Relay.#EventsOf(this, this.#down, this.#up);
    if (early.bytes.length > 0) this.#received(this.#up, early.bytes);
    if (waiting.bytes.length > 0) this.#received(this.#down, waiting.bytes);
    if (waiting.ended) this.#sourceEnded(this.#down);
    else if (!this.#down.stalled) this.#remote.resume();
    if (early.ended) this.#sourceEnded(this.#up);
    else if (!this.#up.stalled) this.#client.resume();
    this.#timeouts.watch();
    if (waiting.closed !== undefined) this.close(waiting.closed);
  }

  /** Ends from outside: closes the remote; the client gets what has already come. */
  close(reason: string): void {
    this.#finish(reason, { kind: "outside" });
  }

  /** The same, and another client gets the remote: it is closed by FIN. */
  giveWay(reason: string): void {
    this.#finish(reason, { kind: "replaced" });
  }

  /**
   * Ends without a word to either side: the remote, which is paused, is for another relay. What the client has sent goes to it; what it
   * has sent is written to the client's end.
   */
  release(): End {
    this.#isOver = true;
    this.#timeouts.stop();
    this.#remote.pause();
    for (const flow of [this.#up, this.#down]) {
      if (flow.eof) flow.finishAtOnce();
      else flow.flush();
      flow.stop();
    }
    this.#remote.events = IGNORE_EVENTS;
    return this.#remote;
  }

  /** Of the bytes from the remote, so many are another relay's to count. */
  uncount(bytes: number): void {
    this.#down.bytes -= bytes;
  }

  written(flow: Flow, bytes: number): void {
    if (flow === this.#down) this.#owner.writtenToClient(bytes);
    else this.#owner.writtenToRemote(bytes);
  }

  clientState(): Promise<PeerState> {
    return this.#owner.clientState();
  }

  backlogOf(end: End): Promise<PeerBacklog> {
    return this.#owner.backlogOf(end);
  }

  timedOut(deadline: IdleDeadline): void {
    const first = this.#reason ?? endedBy(hasEnded(this.#down) ? "remote" : "client");
    this.#finish(timeoutText(deadline, first), { kind: "limit" });
  }

  clientVanished(): void {
    if (this.#rules.toRemote === "end") {
      this.#finish(`${endedBy("client")}, and the remote takes nothing`, { kind: "limit" });
    }
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
  }

  /** What the peer of an end has not taken, what waits in this process included. */
  async backlogBehind(end: End): Promise<PeerBacklog> {
    const { unacknowledged, unread } = await this.#owner.backlogOf(end);
    return { unacknowledged: unacknowledged + end.unsent, unread };
  }

  #received(flow: Flow, chunk: Buffer): void {
    flow.forward(chunk);
    if (flow === this.#up && flow.stalled) this.#timeouts.watch();
  }

  #sourceEnded(flow: Flow): void {
    this.#reason ??= endedBy(sourceOf(flow));
    this.#timeouts.closingStep();
    flow.finish();
    if (flow === this.#down && !flow.stalled) this.#owner.remoteEnded();
  }

  #sinkDrained(flow: Flow): void {
    flow.sinkDrained();
    if (flow === this.#down) this.#owner.clientDrained();
  }

  #sinkFinished(flow: Flow): void {
    flow.finished = true;
    if (flow === this.#down) this.#owner.clientFinished();
    if (this.#up.finished && this.#down.finished) this.#finish(this.#reason ?? endedBy("remote"), { kind: "done" });
    else this.#timeouts.closingStep();
  }

  /** A side has reset the connection; what it sent before is still being read. */
  #sourceBroken(flow: Flow): void {
    flow.lost = true;
    // a plugin that is gone must free its device
    if (flow === this.#up && flow.stalled && this.#rules.toRemote === "end") this.clientVanished();
    else this.#timeouts.closingStep();
  }

  #sourceClosed(flow: Flow, error: Error | undefined): void {
    if (error === undefined && this.#up.eof && this.#down.eof) return; // both have ended: the last FIN finishes the relay
    const side = sourceOf(flow);
    const cause: EndCause = { kind: "gone", side, isCut: error === undefined ? !flow.eof : isCut(error) };
    const reason = endedBy(side, error);
    const isNews = this.#reason !== undefined && error !== undefined;
    this.#finish(isNews ? `${this.#reason}, then ${reason}` : (this.#reason ?? reason), cause);
  }

  #finish(reason: string, cause: EndCause): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timeouts.stop();
    const [down, up] = [this.#down, this.#up];
    const state = { remoteEnded: down.eof, clientEnded: up.finished, remoteBehind: up.stalled };
    const { toClient, toRemote, isReset } = partings(cause, state, this.#rules);
    if (toRemote === "reset behind") up.flush();
    up.stop();
    this.#letGoOfRemote(toRemote);
    if (toClient === "reset") down.flush();
    else if (!down.finished) down.finishAtOnce();
    this.#owner.relayEnded({ reason, toClient, isReset, writtenAt: down.lastActivityAt });
  }

  #letGoOfRemote(how: Partings["toRemote"]): void {
    const remote = this.#remote;
    remote.events = IGNORE_EVENTS;
    if (how === "reset behind") this.#owner.resetRemote(remote, this.#up.lastActivityAt);
    else if (how === "reset") remote.reset();
    else remote.destroy();
  }

  /** The events of one end, as events of both flows. One object with shared methods: there may be thousands of relays. */
  static readonly #EventsOf = class implements EndEvents {
    readonly #relay: Relay;
    readonly #outgoing: Flow;
    readonly #incoming: Flow;

    /**
     * @param outgoing the flow whose source is this end
     * @param incoming the flow whose sink is this end
     */
    constructor(relay: Relay, outgoing: Flow, incoming: Flow) {
      this.#relay = relay;
      this.#outgoing = outgoing;
      this.#incoming = incoming;
    }

    data(chunk: Buffer): void {
      this.#relay.#received(this.#outgoing, chunk);
    }

    eof(): void {
      this.#relay.#sourceEnded(this.#outgoing);
    }

    drained(): void {
      this.#relay.#sinkDrained(this.#incoming);
    }

    finished(): void {
      this.#relay.#sinkFinished(this.#incoming);
    }

    closed(error: Error | undefined): void {
      this.#relay.#sourceClosed(this.#outgoing, error);
    }

    broken(): void {
      this.#relay.#sourceBroken(this.#outgoing);
    }

    backlog(): Promise<PeerBacklog> {
      return this.#relay.backlogBehind(this.#outgoing.sink);
    }

    fault(error: unknown): void {
      this.#relay.fault(error);
    }
  };
}
