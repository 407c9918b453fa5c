import type { ReplyMode } from "../accept/listener.js";
import { type ConnRequest, formatRemote } from "../core/options/conn-request.js";
import { errorReply } from "../core/setup/run-command.js";
import type { Dial, ServerLease } from "../dial/dial.js";
import { DialError } from "../dial/dial-error.js";
import { type EarlyBytes, EarlyData, type WaitingBytes } from "../sockets/early-data.js";
import { type End, endedBy } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock } from "../system/clock.js";
import type { ConnectionLog } from "./connection-log.js";
import type { FormerRelay } from "./former-relay.js";
import type { ParkingTerms } from "./parking.js";

/** A remote that has been reached for a client. */
export interface ReachedRemote {
  readonly end: End;
  /** The request, with this remote as its only target. */
  readonly request: ConnRequest;
  /** Names the connection to its plugin. */
  readonly pid: string;
  /** To be released when the connection ends, where the remote is one of several. */
  readonly serverLease: ServerLease | undefined;
  /** What another process has done for the connection; undefined: nothing. */
  readonly former?: FormerRelay | undefined;
  /** What it has sent for the client already, where it was parked. */
  readonly waiting?: WaitingBytes | undefined;
  /** Where the connection is parked when its client goes. */
  readonly parking?: ParkingTerms | undefined;
}

/** The connection that gets a remote. */
export interface DialPhaseOwner {
  readonly id: string;
  /**
   * The remote is connected, and the client has got its reply, where it gets one.
   *
   * @param early what the client has sent for the remote already
   */
  connected(remote: ReachedRemote, early: EarlyBytes): void;
  /** There is no remote, and the client has got its reply, where it gets one. @param reply as in setup mode */
  refused(reply: string): void;
  /** The client has left meanwhile. */
  clientLeft(reason: string): void;
  fault(error: unknown): void;
}

/** What a client wants to be connected to, and how. */
export interface DialTask {
  readonly request: ConnRequest;
  readonly replyMode: ReplyMode;
  /** What the client has sent for the remote already. */
  readonly early: EarlyBytes;
  /** Begins to connect to the remote. */
  startDial(): Dial;
  /** Where the connection is parked when its client goes, once the remote is connected. Left out: it is not. */
  readonly parking?: (() => ParkingTerms) | undefined;
  /** What another process has done for the connection; left out: nothing. */
  readonly former?: FormerRelay;
}

/** The time from a request to its connected remote. What the client sends meanwhile is kept. */
export class DialPhase {
  readonly kind = "dialing";
  readonly request: ConnRequest;
  readonly #task: DialTask;
  readonly #client: StreamEnd;
  readonly #clock: Clock;
  readonly #log: ConnectionLog;
  readonly #owner: DialPhaseOwner;
  readonly #startedAt: number;
  readonly #dial: Dial;
  readonly #earlyData: EarlyData;
  #ended = false;

  /** Begins to connect. */
  constructor(task: DialTask, client: StreamEnd, clock: Clock, log: ConnectionLog, owner: DialPhaseOwner) {
    const { request } = task;
    this.request = request;
    this.#task = task;
    this.#client = client;
    this.#clock = clock;
    this.#log = log;
    this.#owner = owner;
    this.#startedAt = clock.now();
    if (request.options.transport === "udp") client.expectDatagrams();
    this.#dial = task.startDial();
    log.target = formatRemote(request);
    log.show(request, "CONNECT", () => `to ${formatRemote(request)}`);
    this.#earlyData = new EarlyData(client, task.early, {
      clientClosed: (error) => this.#clientClosed(error),
      clientLeft: () => this.#dial.endRetries?.(),
      fault: (error) => owner.fault(error),
    });
    if (this.#earlyData.hasLeft) this.#dial.endRetries?.();
    this.#dial.end
      .then(
        (end) => this.#connected(end),
        (error: unknown) => this.#failed(error),
      )
      .catch((error: unknown) => owner.fault(error));
  }

  /** Replies to the client that it gets no remote, in the way of its reply mode. */
  refuse(reply: string): void {
    if (this.#task.replyMode === "reset") this.#client.reset();
    else this.#client.write(`${reply}\n`);
  }

  /** Whether the client has sent something for the remote. */
  get isHeard(): boolean {
    return this.#earlyData.size > 0;
  }

  /** Gives up. */
  close(): void {
    this.#ended = true;
    this.#dial.abort();
  }

  /** One that may be parked, and has left something for its remote, or has been parked already, may come back. */
  #clientClosed(error: Error | undefined): void {
    const { parking, former } = this.#task;
    const isParkable = parking !== undefined && (this.isHeard || former?.parked !== undefined);
    if (!isParkable) this.#owner.clientLeft(endedBy("client", error));
  }

  #connected(end: End): void {
    const { kind, serverLease, waiting } = this.#dial;
    if (this.#ended) {
      end.destroy();
      serverLease?.release();
      return;
    }
    this.#ended = true;
    const request = serverLease?.request ?? this.request;
    this.#log.target = formatRemote(request);
    if (kind === "socket") this.#log.connected(end, this.#clock.now() - this.#startedAt);
    const pid = request.options.notify?.pid ?? this.#owner.id;
    const parked = waiting === undefined ? "" : ` PARKED ${waiting.bytes.length}`;
    if (waiting !== undefined)
      this.#log.info(`gets its parked connection again, ${waiting.bytes.length} bytes have waited`);
    if (this.#task.replyMode === "setup") this.#client.write(`OK CONN ${pid}${parked}\n`);
    const { former, parking: terms } = this.#task;
    const parking = terms?.();
    this.#owner.connected({ end, request, pid, serverLease, former, waiting, parking }, this.#earlyData.take());
  }

  #failed(error: unknown): void {
    if (this.#ended) return;
    if (!(error instanceof DialError)) throw error;
    const { request } = this;
    const reason = `${formatRemote(request)}: ${error.message}`;
    const reply = errorReply("CONN", reason);
    this.refuse(reply);
    this.#log.show(request, "ERROR", () => reason);
    this.#owner.refused(reply);
  }
}
