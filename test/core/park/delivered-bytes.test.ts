import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deliveredBytes, type LostClient } from "#src/core/park/delivered-bytes.js";

const CLIENT: LostClient = {
  how: "fin",
  isLocal: true,
  taken: 100,
  isStuck: false,
  acknowledged: 40,
  isWindowClosed: false,
  lastWrite: 0,
};

const cases: readonly [string, Partial<LostClient>, number][] = [
  ["closed, and then nothing was written", {}, 100],
  ["closed, and one write came behind the FIN", { lastWrite: 7 }, 93],
  ["reset: it had left something unread", { how: "reset" }, 100],
  ["reset: a write that came before it arrived", { how: "reset", lastWrite: 7 }, 100],
  ["its window was closed", { how: "reset", isWindowClosed: true }, 40],
  ["its window was closed, and it ended its sending side first", { isWindowClosed: true, lastWrite: 7 }, 40],
  ["our kernel was full", { how: "reset", isStuck: true }, 40],
  ["it vanished", { how: "silence" }, 40],
  ["on another machine, only what is acknowledged is certain", { how: "reset", isLocal: false }, 40],
  ["on another machine, closed", { isLocal: false, lastWrite: 7 }, 40],
  ["the write behind the FIN was acknowledged after all", { acknowledged: 98, lastWrite: 7 }, 98],
];

for (const [name, facts, delivered] of cases) {
  test(`delivered: ${name}`, () => assert.equal(deliveredBytes({ ...CLIENT, ...facts }), delivered));
}

/**
 * Two kernels on one machine, as Linux does it: a write reaches the client's kernel at once while there is room, and waits in ours
 * otherwise. A client that closes with everything read sends FIN, and the first write behind it brings a reset; otherwise it sends a reset.
 */
class Kernels {
  readonly #room: number;
  /** Bytes that the client's kernel has got, and that its program has read. */
  got = 0;
  #read = 0;
  taken = 0;
  isGone = false;
  #fin = false;
  #lastWrite = 0;

  constructor(room: number) {
    this.#room = room;
  }

  write(bytes: number): void {
    if (this.isGone) return;
    this.taken += bytes;
    this.#lastWrite = this.#fin ? bytes : 0;
    if (this.#fin) this.isGone = true;
    else this.#move();
  }

  read(bytes: number): void {
    this.#read = Math.min(this.got, this.#read + bytes);
    this.#move();
  }

  close(): LostClient["how"] {
    this.#fin = this.#read === this.got;
    this.isGone = !this.#fin;
    return this.#fin ? "fin" : "reset";
  }

  get facts(): Pick<LostClient, "isWindowClosed" | "acknowledged"> {
    return { isWindowClosed: this.got < this.taken, acknowledged: this.got };
  }

  get lastWrite(): number {
    return this.#lastWrite;
  }

  #move(): void {
    this.got = Math.min(this.taken, this.#read + this.#room);
  }
}

test("on one machine: what a client had, and what is kept, is the stream, however it went", () => {
  const move = fc.record({ write: fc.nat(50), read: fc.nat(60) });
  fc.assert(
    fc.property(
      fc.array(move, { maxLength: 20 }),
      fc.nat(200),
      fc.array(fc.nat(20), { maxLength: 3 }),
      (moves, room, late) => {
        const kernels = new Kernels(room + 1);
        for (const { write, read } of moves) {
          kernels.write(write);
          kernels.read(read);
        }
        const { facts } = kernels; // the last look at the table, behind which the client does not read
        const how = kernels.close();
        const before = kernels.taken;
        for (const bytes of late) kernels.write(bytes + 1);
        const { taken, lastWrite } = kernels;
        const delivered = deliveredBytes({ ...CLIENT, ...facts, how, taken, lastWrite });
        assert.equal(delivered, Math.min(before, kernels.got));
      },
    ),
    { numRuns: 300 },
  );
});
