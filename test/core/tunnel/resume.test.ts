import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameReader } from "#src/core/tunnel/frame-reader.js";
import { frameOf } from "#src/core/tunnel/frames.js";
import { KeptBytes } from "#src/core/tunnel/kept-bytes.js";
import { ResumeReceiver } from "#src/core/tunnel/resume-receiver.js";
import { MAX_KEPT, ResumeSender } from "#src/core/tunnel/resume-sender.js";

/** Bytes that differ from their neighbours, so that a gap or a repetition shows. */
function pattern(from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = ((from + at) * 2_654_435_761) >>> 24;
  return bytes;
}

test("kept bytes are those that were written, by their offsets, whatever is dropped", () => {
  const step = fc.record({ size: fc.nat(150_000), drop: fc.nat(100), most: fc.integer({ min: 1, max: 100_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const kept = new KeptBytes();
      for (const { size, drop, most } of steps) {
        const lent = pattern(kept.to, size);
        kept.push(lent);
        lent.fill(0);
        kept.dropUpTo(kept.from + Math.floor((kept.size * drop) / 100));
        for (let at = kept.from; at < kept.to; ) {
          const bytes = kept.at(at, most);
          assert.ok(bytes.length > 0 && bytes.length <= most);
          assert.ok(bytes.equals(pattern(at, bytes.length)), `bytes at ${at}`);
          at += bytes.length;
        }
      }
    }),
    { numRuns: 50 },
  );
});

/** One direction of a connection: bytes on their way, and acknowledgements on the way back. */
class Direction {
  readonly sender = new ResumeSender();
  readonly #reader = new FrameReader();
  readonly receiver = new ResumeReceiver(this.#reader);
  readonly #way: Buffer[] = [];
  readonly #acknowledgements: number[] = [];
  written = 0;
  /** Payload bytes that the receiver has got, once each and in order. */
  got = 0;

  /** The writer obeys back pressure, and writes whole frames. */
  write(size: number): void {
    if (this.sender.excess > 0) return;
    this.sender.write(frameOf({ kind: "data", client: 0, bytes: pattern(this.written, size) }));
    this.written += size;
    assert.ok(this.sender.kept <= MAX_KEPT + size + 4, "the memory is bounded");
  }

  give(most: number): void {
    const bytes = this.sender.take(most);
    if (bytes !== undefined) this.#way.push(bytes);
  }

  /** So many bytes arrive, as one chunk. */
  arrive(count: number): void {
    const all = Buffer.concat(this.#way.splice(0));
    if (all.length > count) this.#way.push(all.subarray(count));
    this.#reader.push(all.subarray(0, count));
    for (let command = this.#reader.take(); command !== undefined; command = this.#reader.take()) {
      assert.ok(command.kind === "data");
      assert.ok(command.bytes.equals(pattern(this.got, command.bytes.length)), `bytes at ${this.got}`);
      this.got += command.bytes.length;
    }
    if (this.receiver.acknowledgementDue) this.#acknowledgements.push(this.receiver.acknowledge());
  }

  acknowledge(): void {
    const offset = this.#acknowledgements.shift();
    if (offset !== undefined) assert.ok(this.sender.acknowledge(offset));
  }

  /** The connection is cut wherever its bytes are, and another one takes its place. */
  cut(): void {
    this.#way.length = 0;
    this.#acknowledgements.length = 0;
    this.#reader.restart();
    assert.ok(this.sender.restart(this.receiver.received));
  }

  finish(): void {
    while (this.sender.waiting > 0) this.give(1_000_000);
    this.arrive(Number.POSITIVE_INFINITY);
    assert.equal(this.got, this.written);
  }
}

test("however often a connection is cut, and wherever: every byte comes once and in order", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), count: fc.nat(65_535) }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("give" as const), count: fc.integer({ min: 1, max: 80_000 }) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("arrive" as const), count: fc.nat(100_000) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("acknowledge" as const), count: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), count: fc.constant(0) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const direction = new Direction();
      for (const { kind, count } of steps) direction[kind](count);
      direction.finish();
      direction.cut();
      direction.finish();
    }),
    { numRuns: 60 },
  );
});

test("a sender that gets no acknowledgement asks for no more; the next acknowledgement opens it", () => {
  const direction = new Direction();
  for (let count = 0; count < 200; count += 1) {
    direction.write(65_535);
    direction.give(100_000);
  }
  assert.ok(direction.sender.excess > 0);
  assert.ok(direction.sender.kept > MAX_KEPT);
  direction.arrive(Number.POSITIVE_INFINITY);
  direction.acknowledge();
  assert.equal(direction.sender.excess, 0);
  assert.ok(direction.sender.kept < 300_000, "what has come is no longer kept");
});

test("while no connection is there, what is written counts as excess; what a connection has had does not", () => {
  const sender = new ResumeSender();
  sender.write(Buffer.alloc(10));
  assert.deepEqual([sender.excess, sender.waiting], [10, 10]);
  sender.take(6);
  assert.deepEqual([sender.excess, sender.waiting], [4, 4]);
  assert.ok(sender.restart(2));
  assert.deepEqual([sender.excess, sender.waiting], [4, 8]);
  sender.take(100);
  assert.deepEqual([sender.excess, sender.waiting], [0, 0]);
});

test("offsets that cannot be are told apart: of bytes that are dropped, or that nobody has been given", () => {
  const sender = new ResumeSender();
  sender.write(Buffer.alloc(100));
  sender.take(60);
  assert.equal(sender.acknowledge(61), false);
  assert.equal(sender.restart(61), false);
  assert.equal(sender.acknowledge(20), true);
  assert.equal(sender.acknowledge(20), true);
  assert.equal(sender.acknowledge(19), false);
  assert.equal(sender.restart(19), false);
  assert.equal(sender.restart(20), true);
  assert.equal(sender.acknowledge(21), false, "this connection has been given nothing yet");
});
