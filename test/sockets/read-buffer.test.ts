import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReadBuffer } from "#src/sockets/read-buffer.js";

/** A reader that keeps the last chunk in use for as long as it is paused. */
class Holder {
  reading = true;
  /** How often the buffer asked the reader to yield. */
  yields = 0;
  pauseNext = false;
  held: { chunk: Buffer; expected: Buffer } | undefined;

  yield(): void {
    this.yields += 1;
  }

  receive(chunk: Buffer): void {
    this.reading = !this.pauseNext;
    this.held = this.reading ? undefined : { chunk, expected: Buffer.from(chunk) };
  }
}

interface Step {
  /** Which socket. */
  readonly who: number;
  /** How much of its memory the read fills: 0 to 1. */
  readonly fill: number;
  /** Whether the reader pauses at this chunk. */
  readonly pause: boolean;
  /** Whether the socket goes, and another one comes in its place. */
  readonly leave: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(4),
  fill: fc.oneof(fc.constant(1), fc.double({ min: 0.001, max: 1, noNaN: true })),
  pause: fc.boolean(),
  leave: fc.boolean(),
});

test("a chunk stays unchanged while its reader is paused, whatever other sockets read", () => {
  let mark = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const create = (): { reads: ReadBuffer; holder: Holder } => {
        const reads = new ReadBuffer(0, false);
        const holder = new Holder();
        reads.reader = holder;
        return { reads, holder };
      };
      const sockets = Array.from({ length: 5 }, create);
      const held: { chunk: Buffer; expected: Buffer }[] = []; // of closed sockets: another socket still writes these bytes
      for (const { who, fill, pause, leave } of steps) {
        const socket = sockets[who] ?? assert.fail();
        const buffer = socket.reads.buffer();
        const bytes = Math.max(1, Math.floor(buffer.length * fill));
        mark = (mark + 1) % 256;
        socket.holder.held = undefined; // resumed: the chunk is free
        buffer.fill(mark, 0, bytes);
        socket.holder.pauseNext = pause;
        socket.reads.read(bytes);
        if (leave) {
          if (socket.holder.held !== undefined) held.push(socket.holder.held);
          socket.reads.release();
          sockets[who] = create();
        }
        const inUse = [...sockets.map(({ holder }) => holder.held), ...held];
        for (const each of inUse) if (each !== undefined) assert.ok(each.chunk.equals(each.expected));
      }
    }),
  );
});

/** The sizes of the memory that is offered for each of these reads, given as part of what is offered. */
function sizes(reads: ReadBuffer, ...fills: number[]): number[] {
  reads.reader = new Holder();
  return fills.map((fill) => {
    const size = reads.buffer().length;
    reads.read(Math.max(1, Math.floor(size * fill)));
    return size;
  });
}

test("memory grows with a dense stream, and shrinks when it is over", () => {
  const small = Array<number>(8).fill(0.001);
  assert.deepEqual(sizes(new ReadBuffer(0, false), 1, 1, 1, 0.3, ...small, 1), [
    512,
    65_536,
    262_144,
    262_144,
    ...Array<number>(8).fill(65_536),
    512,
  ]);
});

test("a limit holds for every read", () => {
  for (const size of sizes(new ReadBuffer(100, false), 1, 1, 0.1, 1)) assert.equal(size, 100);
  for (const size of sizes(new ReadBuffer(100_000, false), 1, 1, 1, 1, 1, 1)) assert.ok(size <= 100_000);
});

test("a later limit holds until the next one, and never exceeds the first", () => {
  const reads = new ReadBuffer(10_000, false);
  sizes(reads, 1, 1, 1);
  assert.equal(reads.buffer().length, 10_000);
  reads.limit(8192);
  assert.equal(reads.buffer().length, 8192);
  reads.limit(9000);
  assert.equal(reads.buffer().length, 9000);
  reads.limit(20_000);
  assert.equal(reads.buffer().length, 10_000);
});

test("a stream that fills its memory again and again yields after 2 MiB", () => {
  const reads = new ReadBuffer(0, false);
  const holder = new Holder();
  const yields = (...fills: number[]): number => {
    holder.yields = 0;
    for (const fill of fills) reads.read(Math.max(1, Math.floor(reads.buffer().length * fill)));
    return holder.yields;
  };
  const full = (count: number): number[] => Array<number>(count).fill(1);
  sizes(reads, 1, 1);
  reads.reader = holder;
  assert.equal(yields(0.9), 0, "the event loop goes on to others by itself");
  assert.equal(yields(...full(7)), 0);
  assert.equal(yields(1), 1);
  assert.equal(yields(...full(7), 0.9, ...full(7), 0.9), 0);
  assert.equal(yields(...full(16)), 2);
  const limited = new ReadBuffer(16_384, false);
  limited.reader = holder;
  sizes(limited, 1); // its memory grows
  limited.reader = holder;
  holder.yields = 0;
  for (let count = 0; count < 256; count += 1) limited.read(16_384);
  assert.equal(holder.yields, 2);
});

test("bytes that become a datagram are read at once", () => {
  assert.deepEqual(sizes(new ReadBuffer(0, true), 0.001, 0.001, 0.001), [65_536, 65_536, 65_536]);
  const reads = new ReadBuffer(0, false);
  reads.reader = new Holder();
  reads.expectDatagrams();
  reads.read(1);
  assert.equal(reads.buffer().length, 65_536);
});
