import assert from "node:assert/strict";
import { test } from "node:test";
import { ReceiveFlowControl } from "#src/tunnel/receive-flow-control.js";
import { ManualClock } from "../support/clock.js";

const KIB = 1024;
const STALL_MS = 5000;

/** A client with waiting bytes. */
class Reader {
  readonly id: number;
  pending = 0;

  constructor(id: number) {
    this.id = id;
  }
}

/** A flow control and its requests to the link. */
class Fixture {
  readonly asked: string[] = [];
  readonly clock = new ManualClock();
  readonly receiveFlow = new ReceiveFlowControl<Reader>(STALL_MS, this.clock, {
    pause: ({ id }) => this.asked.push(`pause ${id}`),
    resume: ({ id }) => this.asked.push(`resume ${id}`),
    pauseLink: () => this.asked.push("pause link"),
    resumeLink: () => this.asked.push("resume link"),
    stalled: ({ id }) => this.asked.push(`stalled ${id}`),
  });

  set(reader: Reader, kib: number): void {
    reader.pending = kib * KIB;
    this.receiveFlow.changed(reader);
  }

  /** The requests since the last call. */
  take(): string[] {
    return this.asked.splice(0);
  }
}

test("a peer that does not know PAUSE: the link pauses for each client, and gives up one that does not read within the stall time", () => {
  const of = new Fixture();
  const [one, two] = [new Reader(1), new Reader(2)];
  of.set(one, 256);
  assert.deepEqual(of.take(), []);
  of.set(one, 257);
  assert.deepEqual([of.take(), of.receiveFlow.linkPaused], [["pause link"], true]);
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
  assert.deepEqual([of.take(), of.receiveFlow.linkPaused], [["resume link"], false]);
  of.clock.advance(STALL_MS);
  assert.deepEqual(of.take(), []);
});

test("a peer that knows PAUSE gets one PAUSE, and one RESUME when half has been read; the link goes on", () => {
  const of = new Fixture();
  of.receiveFlow.enablePausing();
  const reader = new Reader(7);
  for (const kib of [100, 256, 257, 400, 256, 129]) of.set(reader, kib);
  assert.deepEqual(of.take(), ["pause 7"]);
  for (const kib of [300, 128, 200]) of.set(reader, kib);
  assert.deepEqual(of.take(), ["resume 7"]);
  of.clock.advance(10 * STALL_MS);
  assert.deepEqual([of.take(), of.receiveFlow.linkPaused], [[], false]);
});

test("a peer that sends more behind a PAUSE than could be on its way has the link paused after all", () => {
  const of = new Fixture();
  of.receiveFlow.enablePausing();
  const [one, two] = [new Reader(1), new Reader(2)];
  of.set(one, 33_024);
  of.set(two, 33_024);
  assert.deepEqual(of.take(), ["pause 1", "pause 2"]);
  of.set(two, 33_025);
  assert.deepEqual(of.take(), ["pause link"]);
  of.clock.advance(STALL_MS - 1);
  of.set(one, 33_023);
  assert.deepEqual(of.take(), ["resume link"]);
  of.set(one, 33_024);
  assert.deepEqual(of.take(), ["pause link"]);
  of.clock.advance(STALL_MS - 1);
  assert.deepEqual(of.take(), []);
  of.clock.advance(1);
  assert.deepEqual(of.take(), ["stalled 1", "stalled 2"]);
});

test("many paused clients alone do not pause the link", () => {
  const of = new Fixture();
  of.receiveFlow.enablePausing();
  const readers = Array.from({ length: 256 }, (_, id) => new Reader(id));
  for (const reader of readers) of.set(reader, 500);
  assert.deepEqual([of.take().length, of.receiveFlow.linkPaused], [256, false]);
});

test("nothing is asked of a link that has closed", () => {
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

test("a link that closes while it is asked to pause a client is not paused itself, and has no timer", () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const flow = new ReceiveFlowControl<Reader>(STALL_MS, clock, {
    pause: () => flow.close(),
    resume: () => asked.push("resume"),
    pauseLink: () => asked.push("pause link"),
    resumeLink: () => asked.push("resume link"),
    stalled: () => asked.push("stalled"),
  });
  flow.enablePausing();
  const reader = new Reader(1);
  reader.pending = 70_000 * KIB;
  flow.changed(reader);
  assert.deepEqual([asked, clock.pending], [[], 0]);
});
