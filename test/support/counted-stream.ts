import type { Socket } from "node:net";

const RECORD_BYTES = 4;

/** Says growing numbers on a connection, and checks those that it hears: one that is missing, or comes twice, shows. */
export class CountedStream {
  readonly socket: Socket;
  /** Numbers heard, in order. */
  heard = 0;
  /** Numbers said. */
  said = 0;
  /** What was heard in place of the next number; undefined: nothing was wrong. */
  wrong: number | undefined;
  hasEnded = false;
  isClosed = false;
  #rest = Buffer.alloc(0);
  readonly #timer: NodeJS.Timeout;

  /** @param everyMs from one number to the next */
  constructor(socket: Socket, everyMs: number) {
    this.socket = socket;
    this.#timer = setInterval(() => this.say(), everyMs);
    socket.on("data", (chunk: Buffer) => this.#hear(chunk));
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.isClosed = true;
      clearInterval(this.#timer);
    });
  }

  say(): void {
    if (!this.socket.writable) return;
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeUInt32BE(this.said);
    this.said += 1;
    this.socket.write(record);
  }

  /** Says nothing more; with FIN. */
  end(): void {
    clearInterval(this.#timer);
    this.socket.end();
  }

  /** Says nothing more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #hear(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const number = bytes.readUInt32BE(at);
      if (number !== this.heard) this.wrong ??= number;
      this.heard += 1;
    }
    this.#rest = bytes.subarray(at);
  }
}
