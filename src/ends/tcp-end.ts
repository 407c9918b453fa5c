import { connect, Socket, type TcpNetConnectOpts } from "node:net";
import { StreamEnd } from "./stream-end.js";

const SMALL = 65_536; // any write that can become one datagram; what is never written to costs address space, no memory
const LARGE = 262_144; // larger reads cost no less CPU per byte

/** Large buffers nobody uses at the moment, so that streams that come and go leave no garbage. */
const spare: Buffer[] = [];
const MAX_SPARE = 8;

/**
 * Reads of a socket into one buffer of its own, without an allocation per chunk: a large one while the stream is dense. The
 * buffer is used again for the next read, so a reader either has done with it or has paused the socket.
 *
 * One buffer for several sockets would be wrong: the kernel may take a part of a write only, and until it has the rest, a
 * read of any other socket would overwrite it.
 */
class Reads {
  /** Who gets what is read. */
  end: TcpEnd | undefined;
  readonly #limit: number;
  readonly #small: Buffer;
  #large: Buffer | undefined;

  /** @param limit most bytes a read may bring; 0: as many as are good */
  constructor(limit: number) {
    this.#limit = limit === 0 ? LARGE : Math.min(limit, LARGE);
    this.#small = Buffer.allocUnsafeSlow(Math.min(SMALL, this.#limit));
  }

  /** What Node's sockets take as their option `onread`. */
  readonly onread = {
    buffer: (): Buffer => (this.#large ?? this.#small).subarray(0, this.#limit),
    callback: (bytes: number): boolean => {
      this.end?.receive((this.#large ?? this.#small).subarray(0, bytes));
      if (this.end?.reading === true) this.#adapt(bytes);
      return true;
    },
  };

  /** Fits the buffer to what the last read brought; nobody uses that any more. */
  #adapt(bytes: number): void {
    if (this.#large === undefined && bytes === SMALL && this.#limit > SMALL) {
      this.#large = spare.pop() ?? Buffer.allocUnsafeSlow(LARGE);
    } else if (this.#large !== undefined && bytes <= LARGE / 2) {
      if (spare.length < MAX_SPARE) spare.push(this.#large);
      this.#large = undefined;
    }
  }
}

/** A TCP connection as one end of a relay. */
export class TcpEnd extends StreamEnd {
  /**
   * Begins to connect.
   *
   * @param readLimit most bytes a read may bring; 0: as many as are good
   * @param keepaliveMs see {@link StreamEnd}
   * @returns the socket, paused, and what makes a {@link TcpEnd} of it once it is connected
   */
  static connect(
    options: TcpNetConnectOpts,
    readLimit: number,
    keepaliveMs: number,
  ): { socket: Socket; adopt: () => TcpEnd } {
    const reads = new Reads(readLimit);
    const socket = connect({ ...options, allowHalfOpen: true, onread: reads.onread });
    socket.pause(); // nothing is read before somebody listens
    return {
      socket,
      adopt() {
        reads.end = new TcpEnd(socket, keepaliveMs);
        return reads.end;
      },
    };
  }

  /**
   * Makes an end of an accepted socket.
   *
   * Node offers `onread` for sockets that connect, not for accepted ones, though both are made by the same constructor. So
   * the connection is taken over from the accepted socket into one made with it: measured, that takes half the CPU per byte
   * and 40 MiB off the garbage of a bulk transfer. Without the handle that Node keeps inside, the socket is used as it is.
   *
   * @param accepted just accepted by a server with `pauseOnConnect` and `allowHalfOpen`; not to be used any more
   * @param keepaliveMs see {@link StreamEnd}
   */
  static accept(accepted: Socket, keepaliveMs: number): StreamEnd {
    const holder = accepted as unknown as { _handle?: object | null };
    const handle = holder._handle;
    if (handle === undefined || handle === null) return new StreamEnd(accepted, keepaliveMs);
    holder._handle = null;
    const reads = new Reads(0);
    const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: reads.onread };
    const socket = new Socket(options);
    reads.end = new TcpEnd(socket, keepaliveMs);
    return reads.end;
  }
}
