import type { TunnelCommand } from "../core/tunnel/frames.js";
import { frameOf, HEADER } from "../core/tunnel/frames.js";
import { ResumeReceiver, type TakenBytes } from "../core/tunnel/resume-receiver.js";
import { ResumeSender } from "../core/tunnel/resume-sender.js";
import { ACKNOWLEDGE_BYTES } from "../core/tunnel/session-frames.js";
import { type End, type EndEvents, EndReason, endedBy, guarded, IGNORE_EVENTS } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock, Timer } from "../system/clock.js";

/** Bytes of one write to a connection. */
const MAX_WRITE = 262_144;
/** Bytes that a connection is given before the kernel takes them: enough to keep it busy, and little memory. */
const GIVEN_AHEAD = 262_144;

/**
 * A session lives on for this time more, and for half of its own time at most: the attempt of a device may just miss the end of a cut. The
 * next one comes half a second later, or within 2 s where the network swallows packets.
 */
const SPARE_MS = 3000;

/** What a link needs of its end. */
export type LinkEnd = Pick<End, "events" | "unsent" | "write" | "pause" | "resume" | "destroy"> &
  Pick<StreamEnd, "keepChunk">;
/** A connection of a session. */
export type SessionConnection = LinkEnd & Pick<StreamEnd, "end" | "reading">;

/** Which session it is. */
export interface SessionTerms {
  /** Random bytes. Whoever knows them may go on with the session, where the line has no secret; so no log shows them. */
  readonly id: Buffer;
  /** For so long the session lives on without a connection; milliseconds. */
  readonly resumeMs: number;
}

/** Reads the commands of a session. */
export interface SessionReader extends TakenBytes {
  /** Another connection goes on behind what is {@link taken}. What has come beyond that is to be forgotten: it comes again. */
  restart(): void;
}

/** What a session tells its link, besides the events of an end. */
export interface SessionEvents {
  /** The peer has begun its side, too: from now on a lost connection is not the end. Told to the side that has begun first. */
  begun?(): void;
  /** The connection is lost. */
  cut(reason: string): void;
  /** Another connection has taken its place, after so many milliseconds. */
  resumed(afterMs: number): void;
}

type State =
  | { readonly kind: "connected"; readonly end: SessionConnection }
  /** Waits for another connection. */
  | { readonly kind: "cut"; readonly since: number; readonly timer: Timer }
  | { readonly kind: "ended" };

/**
 * The end of a link that goes over several connections, one after the other: what one of them has lost, the next one carries again
 * (docs/tunnel.md, "A session"). Both sides use it alike. It closes when no connection has come for `resumeMs`.
 */
export class ResumableEnd implements LinkEnd {
  events: EndEvents = IGNORE_EVENTS;
  readonly terms: SessionTerms;
  readonly #clock: Clock;
  readonly #reader: SessionReader;
  readonly #told: SessionEvents;
  readonly #sender = new ResumeSender();
  /** Undefined until the peer has begun its side of the stream. Commands before that belong to the connection alone. */
  #receiver: ResumeReceiver | undefined;
  #state: State;
  #wanted: boolean;
  /** Bytes of the connection that came before the session went on over it. */
  #early: Buffer | undefined;

  /**
   * Begins a session on the connection of a link.
   *
   * @param end whose events the link has set
   * @param answers whether the peer has sent SESSION: the device answers the server
   */
  constructor(
    end: SessionConnection,
    terms: SessionTerms,
    answers: boolean,
    reader: SessionReader,
    clock: Clock,
    told: SessionEvents,
  ) {
    this.terms = terms;
    this.#reader = reader;
    this.#clock = clock;
    this.#told = told;
    if (answers) this.#receiver = new ResumeReceiver(reader);
    this.events = end.events;
    this.#wanted = end.reading;
    this.#state = { kind: "connected", end };
    this.#listen(end);
    end.write(this.#sessionFrame());
  }

  /** Whether both sides have begun: a lost connection is not the end. */
  get hasBegun(): boolean {
    return this.#receiver !== undefined;
  }

  /** Whether it waits for another connection. */
  get isCut(): boolean {
    return this.#state.kind === "cut";
  }

  /** Bytes of the peer's stream that have come. */
  get received(): number {
    return this.#receiver?.received ?? 0;
  }

  get unsent(): number {
    const { excess } = this.#sender;
    if (this.#state.kind === "connected") return Math.max(this.#state.end.unsent, excess); // while bytes wait, others are unsent
    return this.#state.kind === "cut" ? Math.max(1, excess) : 0;
  }

  /** Bytes of both directions that have come, as far as this side knows. */
  get carried(): number {
    return this.received + this.#sender.acknowledged;
  }

  /** Bytes without an acknowledgement, which the end keeps. */
  get kept(): number {
    return this.#sender.kept;
  }

  /** Writes a copy of whole commands. */
  write(chunk: Buffer | string): void {
    if (this.#state.kind === "ended") return;
    this.#sender.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    if (this.#state.kind === "connected") this.#give(this.#state.end);
  }

  pause(): void {
    this.#wanted = false;
    if (this.#state.kind === "connected") this.#state.end.pause();
  }

  resume(): void {
    this.#wanted = true;
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) this.events.data(early);
    if (this.#wanted && this.#state.kind === "connected") this.#state.end.resume();
  }

  keepChunk(): void {
    if (this.#state.kind === "connected") this.#state.end.keepChunk();
  }

  /** Ends the session for good. */
  destroy(): void {
    this.release()?.destroy();
  }

  /**
   * Ends the session for good, and gives its connection away. The connection has been given whole commands; undefined when it has not, or
   * when there is none.
   */
  release(): SessionConnection | undefined {
    const state = this.#state;
    this.#state = { kind: "ended" };
    this.events = IGNORE_EVENTS;
    if (state.kind === "cut") state.timer.cancel();
    if (state.kind !== "connected") return undefined;
    state.end.events = IGNORE_EVENTS;
    if (this.#sender.waiting === 0) return state.end;
    state.end.destroy();
    return undefined;
  }

  /**
   * The reader has taken a command, which is about to be handled.
   *
   * @returns whether it was for the session
   */
  takes(command: TunnelCommand): boolean {
    if (command.kind === "acknowledge") {
      this.#receiver?.leaveOut(HEADER + ACKNOWLEDGE_BYTES);
      this.#acknowledged(command.offset);
    } else if (command.kind === "session") {
      if (this.#receiver === undefined && command.id.equals(this.terms.id)) {
        this.#receiver = new ResumeReceiver(this.#reader);
        this.#told.begun?.();
      }
    } else return false;
    return true;
  }

  /** Tells the peer what has come, if that is due. To be called between two writes of whole commands. */
  acknowledgeIfDue(): void {
    if (this.#state.kind !== "connected" || this.#receiver?.acknowledgementDue !== true || this.#sender.waiting > 0)
      return;
    this.#state.end.write(frameOf({ kind: "acknowledge", offset: this.#receiver.acknowledge() }));
  }

  /** The connection is lost, or is good for nothing: another one may take its place from now on. */
  cut(reason: string): void {
    if (this.#state.kind !== "connected") return;
    const { end } = this.#state;
    end.events = IGNORE_EVENTS;
    end.destroy();
    if (this.#receiver === undefined) {
      this.#close(reason);
      return;
    }
    const { resumeMs } = this.terms;
    const timer = this.#clock.after(resumeMs + Math.min(SPARE_MS, resumeMs / 2), () =>
      this.#close(`${reason}; no other connection within ${resumeMs / 1000} s`),
    );
    this.#state = { kind: "cut", since: this.#clock.now(), timer };
    this.#early = undefined;
    this.#reader.restart();
    this.#told.cut(reason);
  }

  /**
   * Goes on over another connection; the former one, if it still lives, is given up.
   *
   * @param end from which nothing more comes before this returns
   * @param received what the peer has received of this side's stream
   * @param early what has come of the peer's stream; without it, the peer waits for SESSION
   * @returns whether it can go on; otherwise the session is over, and `end` untouched
   */
  goOn(end: SessionConnection, received: number, early?: Buffer): boolean {
    this.cut("the peer has connected anew");
    if (this.#state.kind !== "cut") return false;
    if (!this.#sender.restart(received)) {
      this.#close("both sides do not agree on what has come");
      return false;
    }
    const { since, timer } = this.#state;
    timer.cancel();
    this.#state = { kind: "connected", end };
    this.#listen(end);
    if (early === undefined) end.write(this.#sessionFrame());
    else this.#early = early;
    this.#told.resumed(this.#clock.now() - since);
    if (this.#wanted) this.resume();
    else end.pause();
    this.#drained(end);
    return true;
  }

  /** What a new connection begins with. */
  #sessionFrame(): Buffer {
    return frameOf({ kind: "session", ...this.terms, received: this.received });
  }

  #listen(end: SessionConnection): void {
    end.events = {
      data: (chunk) => this.events.data(chunk),
      eof: () => this.cut(endedBy("remote")),
      drained: () => this.#drained(end),
      finished() {},
      closed: (error) => this.cut(endedBy("remote", error)),
      fault: (error) => this.events.fault(error),
    };
  }

  #acknowledged(offset: number): void {
    const wasFull = this.#sender.excess > 0;
    if (!this.#sender.acknowledge(offset)) this.#close("the peer acknowledges what it was not sent");
    else if (wasFull && this.#state.kind === "connected") this.#drained(this.#state.end);
  }

  #drained(end: SessionConnection): void {
    this.#give(end);
    this.acknowledgeIfDue();
    if (this.unsent === 0) guarded(this, () => this.events.drained());
  }

  #give(end: SessionConnection): void {
    while (end.unsent <= GIVEN_AHEAD) {
      const bytes = this.#sender.take(MAX_WRITE);
      if (bytes === undefined) break;
      end.write(bytes);
    }
  }

  #close(reason: string): void {
    const { events } = this;
    this.destroy();
    guarded({ events }, () => events.closed(new EndReason(reason, true)));
  }
}
