import { ByteQueue } from "../core/collections/byte-queue.js";
import type { End, EndEvents } from "./end.js";

const MAX_EARLY_BYTES = 65_536; // a request and more; beyond this, TCP makes the client wait

/** What a client has sent before its remote was connected. */
export interface EarlyBytes {
  readonly bytes: Buffer;
  /** The client has sent FIN behind them. */
  readonly ended: boolean;
  /** The error by which the client has gone behind them. */
  readonly lost?: Error | undefined;
}

/** The client has sent nothing. */
export const NO_EARLY_BYTES: EarlyBytes = { bytes: Buffer.alloc(0), ended: false };

/** What a remote has sent before its client came: the connection was parked. */
export interface WaitingBytes extends EarlyBytes {
  /** Why the remote is closed behind them; undefined: it is not. */
  readonly closed: string | undefined;
}

/** It has sent nothing. */
export const NOTHING_WAITS: WaitingBytes = { ...NO_EARLY_BYTES, closed: undefined };

/** What early data tells who waits for the client. */
export interface EarlyDataOwner {
  /** The client has gone, with the error if there was one. */
  clientClosed(error: Error | undefined): void;
  /** The client has sent FIN and no byte. */
  clientLeft?(): void;
  fault(error: unknown): void;
}

/** Keeps what a client sends while its remote is being dialled, and notices when the client goes away meanwhile. */
export class EarlyData implements EndEvents {
  readonly #client: End;
  readonly #owner: EarlyDataOwner;
  readonly #bytes = new ByteQueue();
  #ended = false;
  #lost: Error | undefined;

  /** @param first what the client has sent already */
  constructor(client: End, first: EarlyBytes, owner: EarlyDataOwner) {
    this.#client = client;
    this.#owner = owner;
    this.#bytes.push(first.bytes);
    this.#ended = first.ended;
    client.events = this;
    if (this.#bytes.size < MAX_EARLY_BYTES) client.resume();
    else client.pause();
  }

  /** Bytes that are kept. */
  get size(): number {
    return this.#bytes.size;
  }

  /** Whether the client has gone without a byte. */
  get hasLeft(): boolean {
    return this.size === 0 && (this.#ended || this.#client.gone);
  }

  /** Hands over what was kept, and the client, to whoever takes its events before this pass of the event loop ends. */
  take(): EarlyBytes {
    return { bytes: this.#bytes.takeAll(), ended: this.#ended, lost: this.#lost };
  }

  data(chunk: Buffer): void {
    this.#bytes.push(chunk);
    if (this.#bytes.size >= MAX_EARLY_BYTES) this.#client.pause();
  }

  eof(): void {
    this.#ended = true;
    if (this.size === 0) this.#owner.clientLeft?.();
  }

  closed(error: Error | undefined): void {
    this.#lost = error;
    this.#owner.clientClosed(error);
  }

  fault(error: unknown): void {
    this.#owner.fault(error);
  }

  drained(): void {}

  finished(): void {}
}
