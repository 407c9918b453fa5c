import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GrowthStock, INITIAL_CREDIT, MAX_GROWTH, ReceiveCredit } from "#src/core/tunnel/receive-credit.js";

const LARGEST = 16_777_216;

/** One client of a link: a sender that keeps to its credit, and a reader. Grants reach the sender when the test says so. */
class Client {
  readonly credit: ReceiveCredit;
  /** What the sender may still send. */
  left = INITIAL_CREDIT;
  pending = 0;
  readonly #under: number[] = [];

  constructor(stock = new GrowthStock()) {
    this.credit = new ReceiveCredit(stock);
  }

  send(most = Number.POSITIVE_INFINITY): number {
    const bytes = Math.min(most, this.left);
    this.left -= bytes;
    this.pending += bytes;
    this.credit.add(bytes);
    return bytes;
  }

  read(bytes = this.pending): void {
    this.pending -= Math.min(bytes, this.pending);
    const granted = this.credit.grant(this.pending);
    if (granted > 0) this.#under.push(granted);
  }

  /** The oldest CREDIT reaches the sender. */
  deliver(): boolean {
    const granted = this.#under.shift();
    this.left += granted ?? 0;
    return granted !== undefined;
  }
}

test("a client that does not read gets what a new one gets, and no more", () => {
  const client = new Client();
  assert.equal(client.send(), INITIAL_CREDIT);
  assert.equal(client.credit.grant(client.pending), 0);
  client.read(INITIAL_CREDIT / 4 - 1);
  assert.equal(client.deliver(), false, "most of the window is left");
  client.read(1);
  assert.equal(client.deliver(), true);
  assert.equal(client.left, INITIAL_CREDIT / 4);
});

test("the window doubles for a sender that has used up what it knew of, and a reader that reads at once", () => {
  const client = new Client();
  for (let window = 2 * INITIAL_CREDIT; window <= LARGEST; window *= 2) {
    client.send();
    client.read();
    client.read(); // again, without a byte in between
    assert.equal(client.credit.window, window);
    while (client.deliver());
  }
  client.send();
  client.read();
  assert.equal(client.credit.window, LARGEST, "that is enough");
});

test("the window stays as it is for a sender that is never out of credit, and for a reader that is slower than the link", () => {
  const steady = new Client();
  const slow = new Client();
  for (let round = 0; round < 1000; round += 1) {
    steady.send(10_000);
    steady.read();
    slow.send();
    slow.read(10_000);
    for (const client of [steady, slow]) while (client.deliver());
  }
  assert.deepEqual([steady.credit.window, slow.credit.window], [INITIAL_CREDIT, INITIAL_CREDIT]);
});

test("on a long way, with CREDITs under way, the window grows until the sender is never out of credit", () => {
  const client = new Client();
  const way = 40; // steps that a CREDIT takes
  const due: number[] = [];
  let sent = 0;
  for (let step = 0; step < 5000; step += 1) {
    const before = client.credit.window;
    if (step >= 4000) sent += client.send(100_000);
    else client.send(100_000);
    client.read();
    due.push(step + way);
    if ((due[0] ?? 0) <= step) {
      due.shift();
      client.deliver();
    }
    assert.ok(client.credit.window >= before);
  }
  assert.equal(sent, 1000 * 100_000);
});

test("clients share what their windows grow by, and give it back", () => {
  const stock = new GrowthStock();
  const clients = Array.from({ length: 256 }, () => new Client(stock));
  for (let round = 0; round < 80; round += 1)
    for (const client of clients) {
      client.send();
      client.read();
      while (client.deliver());
    }
  const growth = (): number => clients.reduce((sum, { credit }) => sum + credit.window - INITIAL_CREDIT, 0);
  assert.ok(growth() <= MAX_GROWTH && growth() > MAX_GROWTH / 2, `${growth()}`);
  for (const { credit } of clients) {
    credit.release();
    credit.release();
  }
  assert.ok(stock.take(MAX_GROWTH, LARGEST) && !stock.take(1, LARGEST));
});

test("for any order of events: no more waits than the window, and a sender whose reader has read everything gets credit", () => {
  const events = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("send" as const), bytes: fc.integer({ min: 1, max: 1_000_000 }) }),
      fc.record({ kind: fc.constant("read" as const), bytes: fc.integer({ min: 1, max: 1_000_000 }) }),
      fc.constant({ kind: "deliver" as const, bytes: 0 }),
    ),
  );
  fc.assert(
    fc.property(events, (list) => {
      const client = new Client();
      for (const { kind, bytes } of list) {
        if (kind === "deliver") client.deliver();
        else client[kind](bytes);
        assert.ok(client.left >= 0 && client.pending <= client.credit.window);
      }
      client.read();
      while (client.deliver());
      assert.ok(client.left > 0);
    }),
  );
});

test("clients that the kernels have read for, and that stop then, leave growth for one that reads", () => {
  const stock = new GrowthStock();
  for (let count = 0; count < 200; count += 1) {
    const stuck = new Client(stock);
    for (let taken = 0; taken < 8_000_000; ) {
      taken += stuck.send();
      stuck.read();
      while (stuck.deliver());
    }
    stuck.send();
  }
  const reads = new Client(stock);
  for (let round = 0; round < 200; round += 1) {
    reads.send();
    reads.read();
    while (reads.deliver());
  }
  assert.ok(reads.credit.window >= LARGEST / 2, `${reads.credit.window}`);
});
