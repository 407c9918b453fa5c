import { ByteTail } from "../collections/byte-tail.js";
import { commandOf, DATA, HEADER, type TunnelCommand } from "./frames.js";

const NOTHING: Buffer = Buffer.alloc(0);
/** Most DATA frames of one client that become one command: a reader of very small ones can stop in between. */
const MAX_JOINED = 32;
/**
 * DATA of this size, or less, comes whole: it may be one message, and programs exist that take each read for a message. More is a piece of a
 * transfer.
 */
const WHOLE = 16_384;

/**
 * Reads the commands of a link from the chunks of its stream. The bytes of DATA come as they arrive, in views of the chunk: a frame that
 * comes in several chunks is several commands `data`, and frames of one client that follow each other are one: their bytes are moved
 * together, over the headers, since each command costs its reader a write. Short DATA comes whole. The beginning of short DATA, and of other
 * frames, is copied and kept: {@link HEADER} and PAYLOAD_MAX bytes at most.
 */
export class FrameReader {
  readonly #whole: number;
  #chunk = NOTHING;
  #at = 0;
  /** The beginning of a frame that is not long DATA, or of a header. */
  readonly #tail = new ByteTail();
  /** Bytes of the DATA frame that are still to come, and its client. */
  #dataLeft = 0;
  #dataClient = 0;
  #taken = 0;

  /** @param whole DATA of so many bytes, or less, comes whole */
  constructor(whole = WHOLE) {
    this.#whole = whole;
  }

  /** Bytes of an incomplete frame that are kept. */
  get held(): number {
    return this.#tail.length;
  }

  /** Bytes of the stream that {@link take} has handed on, and of their headers. */
  get taken(): number {
    return this.#taken;
  }

  /** Forgets what has come beyond {@link taken}: the stream goes on behind that. */
  restart(): void {
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#tail.take();
  }

  /** Adds the next bytes of the stream. Their memory belongs to the reader until {@link take} has returned nothing. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#at = 0;
  }

  /** Removes what is behind the command that was taken last, and returns a copy of it. */
  takeRest(): Buffer {
    const rest = Buffer.from(this.#chunk.subarray(this.#at));
    this.restart();
    return rest;
  }

  /** The next command; undefined when more bytes are necessary. */
  take(): TunnelCommand | undefined {
    if (this.#dataLeft > 0) return this.#takeData();
    const [chunk, at] = [this.#chunk, this.#at];
    if (this.#tail.length > 0 || chunk.length - at < HEADER) return this.#takeSplit();
    const length = chunk.readUInt16BE(at);
    if (chunk[at + 2] === DATA && this.#canBegin(at)) {
      this.#at += HEADER;
      return this.#beginData(length, chunk[at + 3] as number);
    }
    const end = at + HEADER + length;
    if (end > chunk.length) return this.#takeSplit();
    this.#at = end;
    return this.#commandOf(chunk.subarray(at, end));
  }

  /** Whether the bytes of a DATA frame at this index can be taken: all of them are there, or it is a long one. */
  #canBegin(at: number): boolean {
    const length = this.#chunk.readUInt16BE(at);
    return length > this.#whole || at + HEADER + length <= this.#chunk.length;
  }

  /** A frame other than long DATA, or a header, that does not begin and end in the chunk. */
  #takeSplit(): TunnelCommand | undefined {
    const tail = this.#tail;
    while (this.#at < this.#chunk.length) {
      const isHeader = tail.length < HEADER;
      const need = isHeader ? HEADER : HEADER + tail.bytes.readUInt16BE(0);
      const end = Math.min(this.#chunk.length, this.#at + need - tail.length);
      tail.append(this.#chunk.subarray(this.#at, end));
      this.#at = end;
      if (tail.length < need) break;
      const { bytes } = tail;
      if (isHeader && bytes[2] === DATA && bytes.readUInt16BE(0) > this.#whole) {
        tail.take();
        return this.#beginData(bytes.readUInt16BE(0), bytes[3] as number);
      }
      if (!isHeader || bytes.readUInt16BE(0) === 0) return this.#commandOf(tail.take());
    }
    return undefined;
  }

  #commandOf(frame: Buffer): TunnelCommand {
    this.#taken += frame.length;
    return commandOf(frame);
  }

  #beginData(length: number, client: number): TunnelCommand | undefined {
    this.#taken += HEADER;
    this.#dataLeft = length;
    this.#dataClient = client;
    return length === 0 ? { kind: "data", client, bytes: NOTHING } : this.#takeData();
  }

  #takeData(): TunnelCommand | undefined {
    const from = this.#at;
    if (from === this.#chunk.length) return undefined;
    let end = this.#passData();
    for (let joined = 1; joined < MAX_JOINED && this.#nextIsData(); joined += 1) {
      const header = this.#at;
      this.#at += HEADER;
      this.#taken += HEADER;
      this.#dataLeft = this.#chunk.readUInt16BE(header);
      const next = this.#passData();
      this.#chunk.copyWithin(end, header + HEADER, next);
      end += next - header - HEADER;
    }
    return { kind: "data", client: this.#dataClient, bytes: this.#chunk.subarray(from, end) };
  }

  /** Passes over the payload of DATA, as far as it has come. Returns the index behind it. */
  #passData(): number {
    const end = Math.min(this.#chunk.length, this.#at + this.#dataLeft);
    const bytes = end - this.#at;
    this.#at = end;
    this.#taken += bytes;
    this.#dataLeft -= bytes;
    return end;
  }

  /** Whether a DATA frame of the same client follows at once. */
  #nextIsData(): boolean {
    const [chunk, at] = [this.#chunk, this.#at];
    if (this.#dataLeft > 0 || chunk.length - at < HEADER) return false;
    return chunk[at + 2] === DATA && chunk[at + 3] === this.#dataClient && this.#canBegin(at);
  }
}
