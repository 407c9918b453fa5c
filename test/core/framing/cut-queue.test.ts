import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CutQueue } from "#src/core/framing/cut-queue.js";
import type { Cut, Framing } from "#src/core/framing/framing.js";
import { FRAMINGS } from "../../support/framings.js";
import { cutAt, pieces } from "./run.js";
import { GENERATORS } from "./samples.js";

/** A queue in the place of the framing that it cuts by: all that waits is taken at once. */
function asFraming(queue: CutQueue): Framing {
  const takeAll = (): Cut[] => {
    const cuts: Cut[] = [];
    for (let cut = queue.take(); cut !== undefined; cut = queue.take()) cuts.push(cut);
    assert.ok(queue.empty);
    assert.equal(queue.size, 0);
    return cuts;
  };
  return {
    get held() {
      return queue.held;
    },
    push(chunk) {
      queue.push(chunk);
      return takeAll();
    },
    end() {
      queue.end();
      return takeAll();
    },
  };
}

for (const kind of FRAMINGS) {
  const samples = GENERATORS[kind.name]?.requests ?? assert.fail(kind.name);
  test(`law: ${kind.name}: a queue cuts a stream as its framing does, whatever its bite`, () => {
    fc.assert(
      fc.property(samples, fc.array(fc.nat(), { maxLength: 10 }), fc.integer({ min: 1, max: 40 }), (list, at, bite) => {
        const input = Buffer.concat(list.map(({ bytes }) => bytes));
        const chunks = cutAt(input, at);
        const plain = pieces(kind.requests(), chunks).map(({ kind: what, bytes }) => [what, bytes]);
        const queued = pieces(asFraming(new CutQueue(kind.requests(), bite)), chunks);
        assert.deepEqual(
          queued.map(({ kind: what, bytes }) => [what, bytes]),
          plain,
        );
      }),
      { numRuns: 100 },
    );
  });
}

const [echo] = FRAMINGS;
const lines = (queue: CutQueue): string[] => {
  const found: string[] = [];
  for (let cut = queue.take(); cut !== undefined; cut = queue.take()) found.push(`${cut.kind} ${cut.bytes}`);
  return found;
};

test("cuts wait until they are taken; later bytes go behind them", () => {
  const queue = new CutQueue(echo?.requests() ?? assert.fail(), 4);
  queue.push(Buffer.from("a\nb\nc\nd"));
  assert.equal(queue.peek()?.bytes.toString(), "a\n");
  assert.equal(queue.take()?.bytes.toString(), "a\n");
  assert.equal(queue.size, 5);
  assert.equal(queue.frames, 1, "c is in the next bite");
  queue.push(Buffer.from("e\nf"));
  queue.end();
  assert.equal(queue.empty, false);
  assert.deepEqual(lines(queue), ["frame b\n", "frame c\n", "frame de\n", "junk f"]);
  assert.equal(queue.empty, true);
});

test("a restarted queue has forgotten earlier bytes", () => {
  const kind = echo ?? assert.fail();
  const queue = new CutQueue(kind.requests());
  queue.push(Buffer.from("a\nb"));
  queue.peek();
  queue.restart(kind.requests());
  assert.equal(queue.empty, true);
  assert.equal(queue.size, 0);
  queue.push(Buffer.from("c\n"));
  assert.deepEqual(lines(queue), ["frame c\n"]);
});
