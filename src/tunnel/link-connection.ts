import type { Farewell } from "../core/tunnel/farewell.js";
import { frameOf, type TunnelCommand } from "../core/tunnel/frames.js";
import { endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import type { Clock } from "../system/clock.js";
import { sayFarewell } from "./link-farewell.js";
import { LinkReader, type LinkReaderEvents } from "./link-reader.js";
import {
  type LinkEnd,
  ResumableEnd,
  type SessionConnection,
  type SessionEvents,
  type SessionTerms,
} from "./resumable-end.js";

/** What a connection tells its link. */
export interface LinkConnectionEvents {
  /** See {@link LinkReaderEvents.command}. */
  command(command: TunnelCommand, isFresh: boolean): void;
  /** The commands of one time slice are through. */
  sliceDone(): void;
  /** So many bytes have come. Their commands follow. */
  received(bytes: number): void;
  /** Everything written is sent: see the events of an end. */
  drained(): void;
  /** Nothing more comes, and nothing can be sent. */
  lost(reason: string): void;
  /** Another connection has taken the place of a lost one. */
  resumed(): void;
  fault(error: unknown): void;
}

/** What carries a link: its connection with the peer, or, with a session, several of them in a row. */
export class LinkConnection {
  readonly #first: SessionConnection;
  readonly #clock: Clock;
  readonly #events: LinkConnectionEvents;
  readonly #reader: LinkReader;
  /** {@link #first}, or the session that has taken it over. */
  #end: LinkEnd;
  #session: ResumableEnd | undefined;

  /** @param end connected, and paused */
  constructor(end: SessionConnection, clock: Clock, events: LinkConnectionEvents) {
    this.#first = end;
    this.#end = end;
    this.#clock = clock;
    this.#events = events;
    this.#reader = new LinkReader({
      command: (command, isFresh) => {
        if (this.#session?.takes(command) !== true) events.command(command, isFresh);
      },
      sliceDone: () => {
        events.sliceDone();
        this.#session?.acknowledgeIfDue();
      },
      fault: (error) => events.fault(error),
    });
    end.events = {
      data: (chunk) => {
        events.received(chunk.length);
        this.#reader.push(chunk);
      },
      eof: () => events.lost(endedBy("remote")),
      drained: () => events.drained(),
      finished() {},
      closed: (error) => events.lost(endedBy("remote", error)),
      fault: (error) => events.fault(error),
    };
  }

  /** Undefined where the link ends with its connection. */
  get session(): ResumableEnd | undefined {
    return this.#session;
  }

  /** Bytes written that wait for the kernel, or for another connection. */
  get unsent(): number {
    return this.#end.unsent;
  }

  write(bytes: Buffer): void {
    this.#end.write(bytes);
  }

  /** Whether commands wait for a later time slice. Nothing must be read before. */
  get behind(): boolean {
    return this.#reader.behind;
  }

  /** Whether a session waits for another connection. */
  get isCut(): boolean {
    return this.#session?.isCut === true;
  }

  /** Reads, or does not. */
  read(isWanted: boolean): void {
    if (isWanted) this.#end.resume();
    else this.#end.pause();
  }

  /** The bytes of the command that is being handled stay in use for longer. It must be fresh. */
  keepChunk(): void {
    this.#end.keepChunk();
  }

  /**
   * Begins a session: the link outlives the connection.
   *
   * @param answers whether the peer has begun it
   */
  beginSession(terms: SessionTerms, answers: boolean, told: SessionEvents): void {
    if (this.#session !== undefined) return;
    this.#session = new ResumableEnd(this.#first, terms, answers, this.#reader, this.#clock, {
      begun: () => told.begun?.(),
      cut: (reason) => told.cut(reason),
      resumed: (afterMs) => {
        this.#events.resumed();
        told.resumed(afterMs);
      },
    });
    this.#end = this.#session;
  }

  /** The peer does not answer: the connection is good for nothing. */
  giveUp(reason: string): void {
    if (this.#session === undefined) this.#events.lost(reason);
    else this.#session.cut(reason);
  }

  /** Closes for good. Nothing is told. */
  close(): void {
    this.#stop();
    this.#end.destroy();
  }

  /**
   * Closes for good, and tells the peer why.
   *
   * @param farewell undefined: the peer would not understand
   * @param gone see {@link sayFarewell}
   */
  dismiss(farewell: Farewell | undefined, gone: (answered: boolean) => void): void {
    const end = this.release();
    if (end === undefined) gone(false);
    else sayFarewell(end, farewell === undefined ? "" : frameOf({ kind: "bye", ...farewell }), this.#clock, gone);
  }

  /** Closes for good, and gives the connection away; undefined when there is none at the moment. */
  release(): SessionConnection | undefined {
    this.#stop();
    return this.#session === undefined ? this.#first : this.#session.release();
  }

  #stop(): void {
    this.#reader.stop();
    this.#end.events = IGNORE_EVENTS;
  }
}
