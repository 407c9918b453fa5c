import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceiveFlowControl } from "#src/tunnel/receive-flow-control.js";
import { ManualClock } from "../support/clock.js";

const KIB = 1024;
const STALL_MS = 5000;

/** A client, and what waits for it. */
class Reader {
  readonly id: number;
  pending = 0;

  constructor(id: number) {
    this.id = id;
  }
}

/** A backlog, and what it has asked for. */
class Fixture {
  readonly asked: string[] = [];
  readonly clock = new ManualClock();
  readonly receiveFlow = new ReceiveFlowControl<Reader>(STALL_MS, this.clock, {
    hold: ({ id }, is) => this.asked.push(`${is ? "hold" : "go on"} ${id}`),
    wait: (is) => this.asked.push(is ? "wait" : "read"),
    stalled: ({ id }) => this.asked.push(`stalled ${id}`),
  });

  set(reader: Reader, kib: number): void {
    reader.pending = kib * KIB;
    this.receiveFlow.changed(reader);
  }

  /** What it has asked for since. */
  take(): string[] {
    return this.asked.splice(0);
  }
}

test("who cannot be told: the link waits for each, and gives up who does not read for so long", () => {
  const of = new Fixture();
  const [one, two] = [new Reader(1), new Reader(2)];
  of.set(one, 256);
  assert.deepEqual(of.take(), []);
  of.set(one, 257);
  assert.deepEqual([of.take(), of.receiveFlow.waiting], [["wait"], true]);
  of.clock.advance(3000);
  of.set(two, 300);
  assert.deepEqual(of.take(), []);
  of.clock.advance(1000);
  of.set(one, 256);
  of.set(one, 257); // it reads, if only a little
  of.clock.advance(3999);
  assert.deepEqual(of.take(), []);
  of.clock.advance(1);
  assert.deepEqual(of.take(), ["stalled 2"]);
  of.set(two, 0);
  assert.deepEqual(of.take(), []);
  of.set(one, 0);
  assert.deepEqual([of.take(), of.receiveFlow.waiting], [["read"], false]);
  of.clock.advance(STALL_MS);
  assert.deepEqual(of.take(), []);
});

test("who can be told is told once, and again when half of it has been read; nobody waits", () => {
  const of = new Fixture();
  of.receiveFlow.canHold();
  const reader = new Reader(7);
  for (const kib of [100, 256, 257, 400, 256, 129]) of.set(reader, kib);
  assert.deepEqual(of.take(), ["hold 7"]);
  for (const kib of [300, 128, 200]) of.set(reader, kib);
  assert.deepEqual(of.take(), ["go on 7"]);
  of.clock.advance(10 * STALL_MS);
  assert.deepEqual([of.take(), of.receiveFlow.waiting], [[], false]);
});

test("who is told, and sends more than could be on its way then, has the link wait after all", () => {
  const of = new Fixture();
  of.receiveFlow.canHold();
  const [one, two] = [new Reader(1), new Reader(2)];
  of.set(one, 33_024);
  of.set(two, 33_024);
  assert.deepEqual(of.take(), ["hold 1", "hold 2"]);
  of.set(two, 33_025);
  assert.deepEqual(of.take(), ["wait"]);
  of.clock.advance(STALL_MS - 1);
  of.set(one, 33_023);
  assert.deepEqual(of.take(), ["read"]);
  of.set(one, 33_024);
  assert.deepEqual(of.take(), ["wait"]);
  of.clock.advance(STALL_MS - 1);
  assert.deepEqual(of.take(), []);
  of.clock.advance(1);
  assert.deepEqual(of.take(), ["stalled 1", "stalled 2"]);
});

test("many who are told do not have the link wait because they are many", () => {
  const of = new Fixture();
  of.receiveFlow.canHold();
  const readers = Array.from({ length: 256 }, (_, id) => new Reader(id));
  for (const reader of readers) of.set(reader, 500);
  assert.deepEqual([of.take().length, of.receiveFlow.waiting], [256, false]);
});

test("when the link is over, nothing is asked for any more", () => {
  const of = new Fixture();
  const reader = new Reader(1);
  of.set(reader, 300);
  of.take();
  of.receiveFlow.close();
  of.set(reader, 400);
  of.set(reader, 0);
  of.clock.advance(STALL_MS);
  assert.deepEqual(of.take(), []);
});
