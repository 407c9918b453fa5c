import { connect, Socket, type TcpNetConnectOpts } from "node:net";
import { StreamEnd } from "./stream-end.js";

const SMALL = 4096; // what a talkative device sends at a time; a waiting connection holds no more than this
const LARGE = 262_144; // larger reads cost no less CPU per byte
const SMALL_READS_TO_SHRINK = 16; // so that a stream of mixed sizes does not change buffers all the time

/**
 * Reads of a socket into one buffer of its own, without an allocation per chunk: small while messages are small, large while
 * the stream is dense. The buffer is used again for the next read, so a reader either has done with it or has paused the
 * socket.
 *
 * One buffer for several sockets would be wrong: the kernel may take a part of a write only, and until it has the rest, a
 * read of any other socket would overwrite it.
 */
class Reads {
  /** Who gets what is read. */
  end: TcpEnd | undefined;
  #buffer: Buffer;
  readonly #limit: number;
  #smallReads = 0;

  /** @param limit most bytes a read may bring; 0: as many as are good */
  constructor(limit: number) {
    this.#limit = limit === 0 ? LARGE : Math.min(limit, LARGE);
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(SMALL, this.#limit));
  }

  /** What Node's sockets take as their option `onread`. */
  readonly onread = {
    buffer: (): Buffer => this.#buffer,
    callback: (bytes: number): boolean => {
      this.end?.receive(this.#buffer.subarray(0, bytes));
      this.#adapt(bytes);
      return true;
    },
  };

  /** Fits the buffer to what the last read brought. */
  #adapt(bytes: number): void {
    const size = this.#buffer.length;
    this.#smallReads = bytes <= SMALL ? this.#smallReads + 1 : 0;
    if (bytes === size && size < this.#limit) this.#buffer = Buffer.allocUnsafeSlow(this.#limit);
    else if (size > SMALL && this.#smallReads > SMALL_READS_TO_SHRINK) this.#buffer = Buffer.allocUnsafeSlow(SMALL);
  }
}

/** A TCP connection as one end of a relay. */
export class TcpEnd extends StreamEnd {
  /**
   * Begins to connect.
   *
   * @param readLimit most bytes a read may bring; 0: as many as are good
   * @returns the socket, paused, and what makes a {@link TcpEnd} of it once it is connected
   */
  static connect(options: TcpNetConnectOpts, readLimit: number): { socket: Socket; adopt: () => TcpEnd } {
    const reads = new Reads(readLimit);
    const socket = connect({ ...options, allowHalfOpen: true, onread: reads.onread });
    socket.pause(); // nothing is read before somebody listens
    return {
      socket,
      adopt() {
        reads.end = new TcpEnd(socket);
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
   */
  static accept(accepted: Socket): StreamEnd {
    const holder = accepted as unknown as { _handle?: object | null };
    const handle = holder._handle;
    if (handle === undefined || handle === null) return new StreamEnd(accepted);
    holder._handle = null;
    const reads = new Reads(0);
    const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: reads.onread };
    const socket = new Socket(options);
    reads.end = new TcpEnd(socket);
    return reads.end;
  }
}
