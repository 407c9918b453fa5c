import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import { StreamEnd } from "./stream-end.js";

const SMALL = 4096; // what a talkative device sends at a time; a waiting connection holds no more than this
const LARGE = 262_144; // larger reads cost no less CPU per byte
const SMALL_READS_TO_SHRINK = 16; // so that a stream of mixed sizes does not change buffers all the time

/**
 * Reads of a socket into one buffer of its own: small while messages are small, large while the stream is dense. The buffer
 * is used again for the next read, so a reader either has done with it or has paused the socket.
 *
 * One buffer for several sockets would be wrong: the kernel may take a part of a write only, and until it has the rest, a
 * read of any other socket would overwrite it.
 */
class ReadBuffer {
  #buffer: Buffer;
  readonly #limit: number;
  #smallReads = 0;

  /** @param limit most bytes a read may bring; 0: as many as are good */
  constructor(limit: number) {
    this.#limit = limit === 0 ? LARGE : Math.min(limit, LARGE);
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(SMALL, this.#limit));
  }

  /** The buffer for the next read. */
  get current(): Buffer {
    return this.#buffer;
  }

  /** Fits the buffer to what the last read brought. */
  adapt(bytesRead: number): void {
    const size = this.#buffer.length;
    this.#smallReads = bytesRead <= SMALL ? this.#smallReads + 1 : 0;
    if (bytesRead === size && size < this.#limit) this.#buffer = Buffer.allocUnsafeSlow(this.#limit);
    else if (size > SMALL && this.#smallReads > SMALL_READS_TO_SHRINK) this.#buffer = Buffer.allocUnsafeSlow(SMALL);
  }
}

/** A TCP remote as one end of a relay, read without an allocation per chunk. */
export class TcpEnd extends StreamEnd {
  /**
   * Begins to connect.
   *
   * @param readLimit most bytes a read may bring; 0: as many as are good
   * @returns the socket, paused, and what makes a {@link TcpEnd} of it once it is connected
   */
  static connect(options: TcpNetConnectOpts, readLimit: number): { socket: Socket; adopt: () => TcpEnd } {
    const reads = new ReadBuffer(readLimit);
    let end: TcpEnd | undefined;
    const socket = connect({
      ...options,
      allowHalfOpen: true,
      onread: {
        buffer: () => reads.current,
        callback(bytes) {
          end?.receive(reads.current.subarray(0, bytes));
          reads.adapt(bytes);
          return true;
        },
      },
    });
    socket.pause(); // nothing is read before somebody listens
    return {
      socket,
      adopt() {
        end = new TcpEnd(socket);
        return end;
      },
    };
  }
}
