import { ByteQueue } from "../core/collections/byte-queue.js";
import type { End } from "./end.js";

const MAX_HELD = 65_536; // what a client may send ahead; beyond this TCP makes it wait

/** What a client has sent while its remote was dialled. */
export interface EarlyBytes {
  readonly bytes: Buffer;
  /** It has closed its side behind them. */
  readonly ended: boolean;
}

/** Of a client that has sent nothing yet. */
export const NO_EARLY_BYTES: EarlyBytes = { bytes: Buffer.alloc(0), ended: false };

/** Keeps what a client sends while its remote is dialled, and notices when it leaves meanwhile. */
export class EarlyData {
  readonly #client: End;
  readonly #bytes = new ByteQueue();
  #ended = false;

  /**
   * @param first what it has sent already
   * @param left called when the client is gone, with the error if there was one
   */
  constructor(
    client: End,
    first: EarlyBytes,
    left: (error: Error | undefined) => void,
    fault: (error: unknown) => void,
  ) {
    this.#client = client;
    this.#bytes.push(first.bytes);
    this.#ended = first.ended;
    client.events = {
      data: (chunk) => this.#keep(chunk),
      eof: () => {
        this.#ended = true;
      },
      drained() {},
      finished() {},
      closed: left,
      fault,
    };
    if (this.#bytes.size < MAX_HELD) client.resume();
    else client.pause();
  }

  /** Gives up what was kept; the client is paused then. */
  take(): EarlyBytes {
    this.#client.pause();
    return { bytes: this.#bytes.takeAll(), ended: this.#ended };
  }

  #keep(chunk: Buffer): void {
    this.#bytes.push(chunk);
    if (this.#bytes.size >= MAX_HELD) this.#client.pause();
  }
}
