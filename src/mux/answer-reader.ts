import { CutQueue } from "../core/framing/cut-queue.js";
import type { Cut, Framing } from "../core/framing/framing.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";
import type { DeviceConnection } from "./device-connection.js";

const NOTHING: Buffer = Buffer.alloc(0);

/** Told what the device sends. */
export interface AnswerReaderOwner {
  /** A message, a part of one, or bytes that are none; `atEof`: nothing follows on the connection. */
  cut(cut: Cut, atEof: boolean): void;
  /** All cuts are handed over; `heldBytes`: the length of an incomplete message. */
  caughtUp(heldBytes: number): void;
  /** The reader is ready for further bytes: a request may go out. */
  ready(): void;
  /** A callback has thrown in a later pass of the event loop. */
  fault(error: unknown): void;
}

/**
 * Cuts the bytes of a device into messages, a time slice in each pass of the event loop. The connection is not read while a rest
 * waits, or while the owner has paused it.
 */
export class AnswerReader {
  readonly #connection: Pick<DeviceConnection, "pause" | "resume">;
  readonly #owner: AnswerReaderOwner;
  readonly #cuts: CutQueue;
  readonly #slice = new TimeSlice(() => this.#continue(), FEW_STEPS);
  #isReading = false;
  #isPaused = false;
  #isStopped = false;

  /** @param framing of the first answer */
  constructor(connection: Pick<DeviceConnection, "pause" | "resume">, framing: Framing, owner: AnswerReaderOwner) {
    this.#connection = connection;
    this.#owner = owner;
    this.#cuts = new CutQueue(framing);
  }

  /** Whether cuts wait to be handed over: no request may go out meanwhile. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** Number of bytes of an incomplete message. */
  get held(): number {
    return this.#cuts.held;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The next bytes are the answer to another request. */
  restart(framing: Framing): void {
    const { held } = this;
    if (held > 0)
      this.#owner.cut({ kind: "junk", bytes: NOTHING, reason: `${held} bytes in front of a request` }, false);
    this.#cuts.restart(framing);
  }

  /** Whether an incomplete message is a whole one if nothing more comes for a while. */
  get settles(): boolean {
    return this.#cuts.settles;
  }

  /** Nothing has come for a while: hands over the message that {@link settles}. */
  settle(): void {
    if (this.#isReading || !this.settles) return;
    this.#cuts.settle();
    this.#read(false);
  }

  /** The device gets this message now. */
  expect(request: Buffer): void {
    this.#cuts.expect(request);
  }

  push(chunk: Buffer): void {
    this.#cuts.push(chunk);
    this.#read(false);
  }

  /** The device has sent FIN: hands over everything at once. */
  end(): void {
    this.#cuts.end();
    this.#read(true);
  }

  pause(): void {
    this.#isPaused = true;
    this.#regulate();
  }

  resume(): void {
    this.#isPaused = false;
    this.#regulate();
  }

  /** Hands over nothing more. */
  stop(): void {
    this.#isStopped = true;
  }

  #continue(): void {
    try {
      this.#read(false);
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  #read(atEof: boolean): void {
    if (this.#slice.yielding && !atEof) return;
    this.#isReading = true;
    while (!this.#isStopped) {
      const cut = this.#cuts.take();
      if (cut === undefined) break;
      this.#owner.cut(cut, atEof);
      if (atEof || this.#isStopped || this.#slice.takeStep()) continue;
      this.#slice.yield();
      this.#regulate();
      return;
    }
    if (!this.#isStopped) this.#owner.caughtUp(this.#cuts.held);
    this.#isReading = false;
    if (atEof || this.#isStopped) return;
    this.#regulate();
    this.#owner.ready();
  }

  #regulate(): void {
    if (this.#isStopped) return;
    if (this.#isPaused || this.#slice.yielding) this.#connection.pause(this);
    else this.#connection.resume(this);
  }
}
