import type { Direction } from "../core/decode/direction.js";
import type { ByteObserver } from "../sockets/byte-observer.js";
import type { Clock } from "../system/clock.js";

/** A poll is a request and its answer: these are the last eight polls. */
const BLOCKS = 16;
/** The longest Modbus message has 260 bytes; a telegram of Conbus has fewer. */
const BLOCK_BYTES = 512;

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

/**
 * Keeps the last bytes of a stream, a ring of {@link BLOCKS} blocks, for a page that is opened later. It parses nothing: a message costs
 * one copy. What watches the stream now stands behind it.
 */
export class Recorder implements ByteObserver {
  /** Shows the messages as they pass, while somebody watches. */
  tap: ByteObserver | undefined;
  readonly #clock: Clock;
  #client: () => string | undefined;
  readonly #order: () => number;
  readonly #over: () => void;
  #memory: Buffer | undefined;
  readonly #ring: Passed[] = [];
  #count = 0;
  readonly #endedSides = new Set<Direction>();

  /**
   * @param client who asks at this moment, on a link to a shared device
   * @param order counts the blocks of all recorders
   * @param over called when nothing more comes, from neither side
   */
  constructor(clock: Clock, client: () => string | undefined, order: () => number, over: () => void) {
    this.#clock = clock;
    this.#client = client;
    this.#order = order;
    this.#over = over;
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
    return [...this.#endedSides];
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
    if (this.#endedSides.add(direction).size < 2) return;
    this.#client = () => undefined; // it may know the connection, which must not stay in memory
    this.#over();
  }

  #keep(direction: Direction, chunk: Buffer): void {
    this.#memory ??= Buffer.allocUnsafeSlow(BLOCKS * BLOCK_BYTES);
    const slot = this.#count % BLOCKS;
    chunk.copy(this.#memory, slot * BLOCK_BYTES, 0, BLOCK_BYTES);
    this.#ring[slot] ??= { direction, epochMs: 0, client: undefined, length: 0, order: 0 };
    const passed = this.#ring[slot]; // written over, and not made anew: this is done for every message
    passed.direction = direction;
    passed.epochMs = this.#clock.epochMs();
    passed.client = this.#client();
    passed.length = chunk.length;
    passed.order = this.#order();
    this.#count += 1;
  }
}
