import { FrameReader } from "../core/tunnel/frame-reader.js";
import type { TunnelCommand } from "../core/tunnel/frames.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";

/** What a reader tells its link. */
export interface LinkReaderEvents {
  /**
   * The next command. The bytes of `data` are a view of what was pushed.
   *
   * @param isFresh whether the bytes were pushed just now, by a caller that has not returned yet
   */
  command(command: TunnelCommand, isFresh: boolean): void;
  /** The commands of one time slice are through: all that have come, unless {@link LinkReader.behind}. */
  sliceDone(): void;
  /** One of these calls has thrown in a later slice. */
  fault(error: unknown): void;
}

/** Reads the commands of a link in time slices: a peer that sends many small frames holds up no other connection. */
export class LinkReader {
  readonly #frames = new FrameReader();
  readonly #slice = new TimeSlice(() => this.#goOn(), FEW_STEPS);
  readonly #events: LinkReaderEvents;
  #stopped = false;

  constructor(events: LinkReaderEvents) {
    this.#events = events;
  }

  /** Whether commands wait for a later slice. The link must not be read before. */
  get behind(): boolean {
    return this.#slice.yielding;
  }

  /** Bytes have come. They must not change while the reader is {@link behind}. */
  push(chunk: Buffer): void {
    this.#frames.push(chunk);
    this.#read(true);
  }

  /** Bytes of all commands that it has handed on, headers included. A DATA frame counts as far as it has come. */
  get taken(): number {
    return this.#frames.taken;
  }

  /** Another connection goes on behind what is {@link taken}. What has come beyond that is forgotten: it comes again. */
  restart(): void {
    this.#frames.restart();
  }

  /** The link has closed: what is left means nothing. */
  stop(): void {
    this.#stopped = true;
  }

  #read(isFresh: boolean): void {
    while (!this.#stopped && !this.#slice.yielding) {
      const command = this.#frames.take();
      if (command === undefined) break;
      this.#events.command(command, isFresh);
      if (!this.#slice.takeStep()) this.#slice.yield();
    }
    this.#events.sliceDone();
  }

  #goOn(): void {
    try {
      this.#read(false);
    } catch (error) {
      this.#events.fault(error);
    }
  }
}
