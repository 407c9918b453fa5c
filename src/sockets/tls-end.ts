import type { TLSSocket } from "node:tls";
import { rawBytesRead } from "./node-handle.js";

/** Longest `close_notify` on the wire: an alert of two bytes with header, explicit IV, MAC and padding of any cipher (RFC 5246, RFC 8446). */
const MAX_ALERT_BYTES = 90;

/**
 * Tells whether a TLS connection has ended in order. Node says "end" for the peer's `close_notify` and for a bare FIN alike, though anybody on
 * the way can send the latter (RFC 8446, 6.1). The difference is that a `close_notify` is read from the network, either together with the
 * last data, or as a record of its own; behind a cut there is nothing, or the beginning of a record.
 */
export class TlsEnd {
  readonly #socket: TLSSocket;
  /** Bytes that had come from the network when the last record was complete. */
  #rawBytes: number | undefined;
  /** A record was complete in this pass of the event loop. */
  #isRecent = false;
  #isCut = false;

  /** @param socket whose handshake is complete */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#complete();
    const push = socket.push.bind(socket);
    socket.push = (chunk: unknown, ...more: [BufferEncoding?]) => {
      if (chunk === null) this.#judge();
      else this.#complete();
      return push(chunk, ...more);
    };
    socket.on("session", () => this.#complete());
  }

  /** Set once the connection has ended without `close_notify`. */
  get error(): Error | undefined {
    if (!this.#isCut) return undefined;
    return Object.assign(new Error("TLS has ended without close_notify"), { code: "ECONNRESET" });
  }

  #complete(): void {
    this.#rawBytes = rawBytesRead(this.#socket);
    if (this.#isRecent) return;
    this.#isRecent = true;
    setImmediate(() => {
      this.#isRecent = false;
    });
  }

  #judge(): void {
    const now = rawBytesRead(this.#socket);
    if (this.#isRecent || now === undefined || this.#rawBytes === undefined) return;
    const bytes = now - this.#rawBytes;
    this.#isCut = bytes === 0 || bytes > MAX_ALERT_BYTES;
  }
}
