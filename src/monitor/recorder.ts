import type { Direction } from "../core/decode/direction.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import type { Clock } from "../system/clock.js";

/** A poll is a request and its answer: these are the last eight polls. */
const BLOCKS = 16;
/** The longest Modbus message has 260 bytes; a telegram of Conbus has fewer. */
const BLOCK_BYTES = 512;
/** The memory of a recorder. */
export const RECORDER_BYTES = BLOCKS * BLOCK_BYTES;

/** Bytes that have passed at once. */
interface Passed {
  direction: Direction;
  /** Milliseconds since 1970. */
  epochMs: number;
  /** Who asked, on a link to a shared device. */
  client: string | undefined;
  length: number;
  /** Its place among the blocks of all recorders. */
  order: number;
}

/** Bytes that have passed at once, and the first of them. */
export interface Block extends Readonly<Passed> {
  /** Lent: the recorder goes on writing there. */
  readonly bytes: Buffer;
}

/** What recorders share. */
export interface RecorderOwner {
  readonly clock: Clock;
  /** Counts the blocks of all recorders. */
  nextOrder(): number;
  /** Memory for {@link RECORDER_BYTES}. */
  takeMemory(): Buffer;
  /** Nothing more comes to this recorder, from neither side. */
  over(recorder: Recorder): void;
}

/**
 * Keeps the last bytes of a stream, a ring of {@link BLOCKS} blocks, for a page that is opened later. It parses nothing: a message costs
 * one copy. What watches the stream now stands behind it.
 */
export class Recorder implements ByteObserver {
  /** Shows the messages as they pass, while somebody watches. */
  tap: ByteObserver | undefined;
  readonly #owner: RecorderOwner;
  /** Where the client of the moment is known; undefined where it is always the same. */
  #source: { readonly client?: string | undefined } | undefined;
  #memory: Buffer | undefined;
  readonly #ring: Passed[] = [];
  #count = 0;
  readonly #endedSides: Direction[] = [];

  /** @param source of a link to a shared device: who asks at this moment; undefined for other streams */
  constructor(owner: RecorderOwner, source: { readonly client?: string | undefined } | undefined) {
    this.#owner = owner;
    this.#source = source;
  }

  /** Long chunks need not come in blocks, unless a tap parses them. */
  get takesLongChunks(): boolean {
    return this.tap === undefined;
  }

  /** The place of the last block among those of all recorders; 0: there is none. */
  get lastOrder(): number {
    return this.#ring[(this.#count - 1) % BLOCKS]?.order ?? 0;
  }

  /** The sides from which nothing more comes. */
  get endedSides(): readonly Direction[] {
    return this.#endedSides;
  }

  /** Forgets everything. Returns the memory, for another recorder; undefined: there is none. */
  release(): Buffer | undefined {
    const memory = this.#memory;
    this.#memory = undefined;
    this.#count = 0;
    return memory;
  }

  /** What is kept, the oldest first. */
  *blocks(): Generator<Block> {
    const kept = Math.min(this.#count, BLOCKS);
    for (let number = this.#count - kept; number < this.#count; number += 1) {
      const slot = number % BLOCKS;
      const passed = this.#ring[slot];
      if (passed === undefined || this.#memory === undefined) continue;
      const at = slot * BLOCK_BYTES;
      yield { ...passed, bytes: this.#memory.subarray(at, at + Math.min(passed.length, BLOCK_BYTES)) };
    }
  }

  passed(direction: Direction, chunk: Buffer, drained: boolean): void {
    this.#keep(direction, chunk);
    this.tap?.passed(direction, chunk, drained);
  }

  drained(direction: Direction): void {
    this.tap?.drained(direction);
  }

  ended(direction: Direction): void {
    this.tap?.ended(direction);
    if (this.#endedSides.includes(direction)) return;
    if (this.#endedSides.push(direction) < 2) return;
    this.#source = undefined; // it may know the connection, which must not stay in memory
    this.#owner.over(this);
  }

  #keep(direction: Direction, chunk: Buffer): void {
    this.#memory ??= this.#owner.takeMemory();
    const slot = this.#count % BLOCKS;
    chunk.copy(this.#memory, slot * BLOCK_BYTES, 0, BLOCK_BYTES);
    this.#ring[slot] ??= { direction, epochMs: 0, client: undefined, length: 0, order: 0 };
    const passed = this.#ring[slot]; // written over, and not made anew: this is done for every message
    passed.direction = direction;
    passed.epochMs = this.#owner.clock.epochMs();
    passed.client = this.#source?.client;
    passed.length = chunk.length;
    passed.order = this.#owner.nextOrder();
    this.#count += 1;
  }
}
