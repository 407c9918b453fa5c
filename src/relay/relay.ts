import type { IdleDeadline, IdleLimits, PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import type { ByteObserver, ObservedPoint } from "../sockets/byte-observer.js";
import type { EarlyBytes } from "../sockets/early-data.js";
import { type End, type EndEvents, endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import { streamOf } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import { Flow, type FlowOwner } from "./flow.js";
import { type Limited, RelayTimeouts } from "./relay-timeouts.js";

/** Messages are looked for in so many bytes at a time: at the worst that takes some milliseconds. */
const MESSAGES_BITE = 4096;

/** What a relay tells the connection it belongs to. */
export interface RelayOwner {
  /** So many bytes of the remote have been written to the client's socket, as far as it takes them now. */
  delivered(bytes: number): void;
  /** So many bytes of the client have been written to the remote, as far as it takes them now. */
  passed(bytes: number): void;
  /** The remote has ended; everything it sent is with the kernel. The client's FIN, or the connection's end, comes next. */
  ending(): void;
  /** Whether the client is still there, though it cannot be asked. */
  clientState(): Promise<PeerState>;
  /** What the peer of an end has not taken, as far as that is known. */
  backlogOf(end: End): Promise<PeerBacklog>;
  /** The client has been sent everything, and FIN behind it. */
  toldClient(): void;
  /** Nothing more will pass, for this reason. The remote is gone; the client may still have bytes to take. */
  over(reason: string): void;
  fault(error: unknown): void;
}

/** What the options of an order ask of a relay. */
export interface RelayRules extends IdleLimits {
  /** Most bytes one write hands on; 0: no limit. */
  readonly blockSize: number;
}

/**
 * Moves bytes between a client and a remote, unmodified and in order, until both directions have ended or one of the limits
 * is reached (seed, "How It Works"): back pressure both ways, half-close both ways, no silence without end.
 */
export class Relay implements Limited, FlowOwner, ObservedPoint {
  readonly #client: End;
  readonly #remote: End;
  readonly #down: Flow;
  readonly #up: Flow;
  readonly #owner: RelayOwner;
  readonly #limits: RelayTimeouts;
  readonly #blockSize: number;
  #observer: ByteObserver | undefined;
  /** Who ended first, once somebody has. */
  #reason: string | undefined;
  #over = false;

  constructor(client: End, remote: End, rules: RelayRules, clock: Clock, owner: RelayOwner) {
    this.#client = client;
    this.#remote = remote;
    this.#owner = owner;
    this.#blockSize = rules.blockSize;
    this.#down = new Flow(remote, client, rules.blockSize, clock, this);
    this.#up = new Flow(client, remote, rules.blockSize, clock, this);
    if (remote.intermediary !== undefined) this.#up.blockSize = this.#bite;
    this.#limits = new RelayTimeouts(this.#down, this.#up, rules, clock, this);
  }

  /** Sees the messages, where somebody wants to see them. */
  get observer(): ByteObserver | undefined {
    return this.#observer;
  }

  set observer(observer: ByteObserver | undefined) {
    this.#observer = observer;
    if (this.#remote.datagramsLost !== undefined) return; // each chunk is a datagram, and stays one
    const size = observer === undefined ? this.#blockSize : this.#bite;
    this.#down.blockSize = size;
    if (this.#remote.intermediary === undefined) this.#up.blockSize = size;
  }

  /** Most bytes of a block where messages are looked for in it: that takes longer than to pass it on. */
  get #bite(): number {
    return this.#blockSize === 0 ? MESSAGES_BITE : Math.min(MESSAGES_BITE, this.#blockSize);
  }

  /** Bytes from the remote. */
  get received(): number {
    return this.#down.bytes;
  }

  /** Bytes to the remote. */
  get sent(): number {
    return this.#up.bytes;
  }

  /** When the remote last sent something, by the clock. */
  get lastReceived(): number {
    return this.#down.lastActivityAt;
  }

  /** When the client last sent something, by the clock. */
  get lastSent(): number {
    return this.#up.lastActivityAt;
  }

  /** The remote's end. */
  get remote(): End {
    return this.#remote;
  }

  /** Begins. `early`: what the client has sent for the remote already. */
  start(early: EarlyBytes): void {
    this.#client.events = new Relay.#ClientEvents(this);
    this.#remote.events = new Relay.#RemoteEvents(this);
    if (early.bytes.length > 0) this.#fromClient(early.bytes);
    this.#remote.resume();
    if (early.ended) this.#clientEnded();
    else if (!this.#up.stalled) this.#client.resume();
    this.#limits.watch();
  }

  /** Ends it from outside: the remote is let go, the client gets what is already here, then FIN. */
  close(reason: string): void {
    this.#finish(reason);
  }

  clientState(): Promise<PeerState> {
    return this.#owner.clientState();
  }

  backlogOf(end: End): Promise<PeerBacklog> {
    return this.#owner.backlogOf(end);
  }

  expired({ cause, limitMs }: IdleDeadline): void {
    if (cause === "remote silent") this.#cut(`RTIM: the remote was silent for ${limitMs} ms`);
    else if (cause === "idle") this.#cut(`IDLE: no byte has passed for ${limitMs} ms`);
    else if (cause === "remote closed") this.#cut(this.#reason ?? endedBy("remote"));
    else this.#cut(`${endedBy("client")}, and the remote was silent for ${limitMs / 1000} s`);
  }

  clientGone(): void {
    this.#cut(`${endedBy("client")}, and the remote takes nothing`);
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
  }

  /** Told by a flow. */
  write(flow: Flow, block: Buffer): void {
    if (flow === this.#down) {
      this.#client.write(block);
      this.#owner.delivered(block.length);
      this.#observer?.passed("down", block, this.#client.unsent === 0);
      return;
    }
    const before = this.#remote.intermediary !== undefined; // before what it leads to, which other observers show
    if (before) this.#observer?.passed("up", block, true);
    this.#remote.write(block);
    this.#owner.passed(block.length);
    if (!before) this.#observer?.passed("up", block, this.#remote.unsent === 0);
  }

  #fromRemote(chunk: Buffer): void {
    this.#down.pass(chunk);
    if (chunk.length === 0) this.#observer?.passed("down", chunk, true);
  }

  #fromClient(chunk: Buffer): void {
    this.#up.pass(chunk);
    if (this.#up.stalled) this.#limits.watch();
  }

  #clientDrained(): void {
    this.#down.drained();
    this.#owner.delivered(0);
    if (!this.#down.stalled) this.#observer?.drained("down");
  }

  #remoteDrained(): void {
    this.#up.drained();
    if (!this.#up.stalled) this.#observer?.drained("up");
  }

  #clientEnded(): void {
    this.#observer?.ended("up");
    this.#halfClosed(endedBy("client"));
    this.#up.finish();
  }

  #remoteEnded(): void {
    this.#observer?.ended("down");
    this.#halfClosed(endedBy("remote"));
    this.#down.finish();
    if (!this.#down.stalled) this.#owner.ending();
  }

  #clientFinished(): void {
    this.#down.finished = true;
    this.#owner.toldClient();
    this.#sideFinished();
  }

  #remoteFinished(): void {
    this.#up.finished = true;
    this.#sideFinished();
  }

  #clientClosed(error: Error | undefined): void {
    if (error !== undefined || !this.#up.eof || !this.#down.eof) this.#finish(this.#reason ?? endedBy("client", error));
  }

  #remoteClosed(error: Error | undefined): void {
    if (error !== undefined || !this.#up.eof || !this.#down.eof) this.#finish(this.#reason ?? endedBy("remote", error));
  }

  #halfClosed(reason: string): void {
    this.#reason ??= reason;
    this.#limits.step();
  }

  #sideFinished(): void {
    if (this.#up.finished && this.#down.finished) {
      this.#finish(this.#reason ?? endedBy("remote"));
      return;
    }
    this.#limits.step();
  }

  // two objects instead of twelve closures: there may be thousands of relays

  static readonly #ClientEvents = class implements EndEvents {
    readonly #relay: Relay;

    constructor(relay: Relay) {
      this.#relay = relay;
    }

    data(chunk: Buffer): void {
      this.#relay.#fromClient(chunk);
    }

    eof(): void {
      this.#relay.#clientEnded();
    }

    drained(): void {
      this.#relay.#clientDrained();
    }

    finished(): void {
      this.#relay.#clientFinished();
    }

    closed(error: Error | undefined): void {
      this.#relay.#clientClosed(error);
    }

    fault(error: unknown): void {
      this.#relay.fault(error);
    }
  };

  static readonly #RemoteEvents = class implements EndEvents {
    readonly #relay: Relay;

    constructor(relay: Relay) {
      this.#relay = relay;
    }

    data(chunk: Buffer): void {
      this.#relay.#fromRemote(chunk);
    }

    eof(): void {
      this.#relay.#remoteEnded();
    }

    drained(): void {
      this.#relay.#remoteDrained();
    }

    finished(): void {
      this.#relay.#remoteFinished();
    }

    closed(error: Error | undefined): void {
      this.#relay.#remoteClosed(error);
    }

    fault(error: unknown): void {
      this.#relay.fault(error);
    }
  };

  /** Ends it by a limit: a remote that has not ended and been told of the end must not take what it has for everything. */
  #cut(reason: string): void {
    this.#finish(reason, this.#up.finished && this.#down.eof ? "close" : "reset");
  }

  #finish(reason: string, replyMode: "close" | "reset" = "close"): void {
    if (this.#over) return;
    this.#over = true;
    this.#limits.stop();
    this.#remote.events = IGNORE_EVENTS;
    // what a stalled remote has not taken is lost: the rest must not look like a whole
    if (replyMode === "reset" || this.#up.stalled) streamOf(this.#remote)?.reset();
    this.#remote.destroy();
    this.#observer?.ended("up");
    this.#observer?.ended("down");
    this.#up.stop();
    if (!this.#down.finished) this.#down.finishAtOnce();
    this.#owner.over(reason);
  }
}
