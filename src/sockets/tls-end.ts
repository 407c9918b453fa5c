import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { rawBytesRead } from "./node-handle.js";

/** Longest `close_notify` on the wire: an alert of two bytes with header, explicit IV, MAC and padding of any cipher (RFC 5246, RFC 8446). */
const MAX_ALERT_BYTES = 90;

/** Whether a socket speaks TLS. It says so itself: to ask for its class would load what a daemon without TLS does not need. */
export function isTls(socket: Socket): socket is TLSSocket {
  return (socket as TLSSocket).encrypted === true;
}

/**
 * Tells whether a TLS connection has ended in the middle of a record: Node says "end" for that, too. A FIN between two records counts as an
 * end, though the peer should have sent `close_notify` (RFC 8446, 6.1): programs in Python and many devices never do, and browsers, curl
 * and Python take it. Behind the last whole record there is nothing then; or a `close_notify`; or, behind a cut, more than that.
 * While the reader is slow, that more may have come before the last whole record is read: such a cut is not found.
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

  /** Set once the connection has ended in the middle of a record. */
  get error(): Error | undefined {
    if (!this.#isCut) return undefined;
    return Object.assign(new Error("TLS has ended in the middle of a record"), { code: "ECONNRESET" });
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
    this.#isCut = now - this.#rawBytes > MAX_ALERT_BYTES;
  }
}

/** The version of TLS that is spoken, and the name in the peer's certificate where that was asked for. */
export function securityOf(socket: TLSSocket): string {
  const version = socket.getProtocol() ?? "TLS";
  const name = socket.authorized ? socket.getPeerCertificate()?.subject?.CN : undefined;
  return name === undefined ? version : `${version}, ${String(name)}`;
}
