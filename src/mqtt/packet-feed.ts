import type { Socket } from "node:net";
import type { PacketSieve } from "../core/mqtt/packet-sieve.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";

/**
 * Gives a reader what a broker sends, a packet at a time and in slices of time: 64 KiB may be 32,000 packets, and the package would work on all of
 * them in one pass of the event loop.
 */
export class PacketFeed {
  readonly #socket: Socket;
  readonly #sieve: PacketSieve;
  readonly #reader: NodeJS.WritableStream;
  readonly #lost: (why: string) => void;
  readonly #slice = new TimeSlice(() => this.#goOn(), FEW_STEPS);
  #parts: Iterator<Buffer, void, void> | undefined;

  /** @param lost called once, when nothing more can be read, with the reason */
  constructor(socket: Socket, sieve: PacketSieve, reader: NodeJS.WritableStream, lost: (why: string) => void) {
    this.#socket = socket;
    this.#sieve = sieve;
    this.#reader = reader;
    this.#lost = lost;
    socket.on("data", (chunk: Buffer) => {
      socket.pause();
      this.#parts = sieve.pass(chunk);
      this.#goOn();
    });
  }

  /**
   * Goes on with the next part; the reader calls back when it has done everything that the part before has asked for. It acknowledges without
   * asking whether the broker takes that: so a broker that does not is not read.
   */
  #goOn(): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableNeedDrain) {
      this.#socket.once("drain", () => this.#goOn());
      return;
    }
    if (!this.#slice.takeStep()) {
      this.#slice.yield();
      return;
    }
    const part = this.#parts?.next().value ?? undefined;
    if (part !== undefined) {
      this.#reader.write(part, (error) => {
        if (!error) this.#goOn();
      });
    } else if (this.#sieve.fault !== undefined) this.#lost(this.#sieve.fault);
    else this.#socket.resume();
  }
}
