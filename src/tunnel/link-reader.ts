import { CutQueue } from "../core/framing/cut-queue.js";
import { commandOf, type TunnelCommand, tunnelFraming } from "../core/tunnel/frames.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";

/** Bytes that are cut into frames at once. That takes 2 ms at worst; the frames of a large transfer take a quarter of that. */
const BITE = 65_536;

/** What a reader tells its link. */
export interface LinkReaderEvents {
  /** The next command. */
  command(command: TunnelCommand): void;
  /** The commands of one time slice are through: all that have come, unless {@link LinkReader.behind}. */
  sliceDone(): void;
  /** One of these calls has thrown in a later slice. */
  fault(error: unknown): void;
}

/** Reads the commands of a link in time slices: a peer that sends many small frames holds up no other connection. */
export class LinkReader {
  readonly #frames = new CutQueue(tunnelFraming.requests(), BITE);
  readonly #slice = new TimeSlice(() => this.#goOn(), FEW_STEPS);
  readonly #events: LinkReaderEvents;
  #taken = 0;
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
    this.#read();
  }

  /** Bytes of all commands that it has handed on, headers included. */
  get taken(): number {
    return this.#taken;
  }

  /** Another connection goes on behind what is {@link taken}. What has come beyond that is forgotten: it comes again. */
  restart(): void {
    this.#frames.restart(tunnelFraming.requests());
  }

  /** The link has closed: what is left means nothing. */
  stop(): void {
    this.#stopped = true;
  }

  #read(): void {
    while (!this.#stopped && !this.#slice.yielding) {
      const frame = this.#frames.take();
      if (frame === undefined) break;
      this.#taken += frame.bytes.length;
      this.#events.command(commandOf(frame.bytes));
      if (!this.#slice.takeStep()) this.#slice.yield();
    }
    this.#events.sliceDone();
  }

  #goOn(): void {
    try {
      this.#read();
    } catch (error) {
      this.#events.fault(error);
    }
  }
}
