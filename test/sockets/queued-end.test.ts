import assert from "node:assert/strict";
import { test } from "node:test";
import { EndReason, IGNORE_EVENTS, isCut } from "#src/sockets/end.js";
import { QueuedEnd } from "#src/sockets/queued-end.js";

const nextPass = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class TestEnd extends QueuedEnd {
  readonly unsent = 0;
  /** What the reader got, and `released`. */
  readonly told: string[] = [];
  onData: () => void = () => {};

  constructor() {
    super({ host: "192.0.2.1", port: 23 });
    this.events = {
      ...IGNORE_EVENTS,
      data: (chunk) => {
        this.told.push(chunk.toString());
        this.onData();
      },
      eof: () => this.told.push("EOF"),
      closed: (error) => this.told.push(`closed: ${error?.message}`),
      fault: (error) => this.told.push(`fault: ${(error as Error).message}`),
    };
  }

  write(): void {}

  end(): void {}

  close(reason?: string, isCut = false): void {
    this.endBehindQueue(reason, isCut);
  }

  protected released(): void {
    this.told.push("released");
  }
}

/** Pieces that are too long to be joined. */
function pieces(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.alloc(5000, String(index % 10)));
}

test("bytes wait while the reader is paused, as they were when they arrived", () => {
  const end = new TestEnd();
  const lent = Buffer.from("one");
  end.deliver(lent);
  lent.fill("#");
  end.flush();
  assert.deepEqual([end.pending, end.told], [3, []]);
  end.resume();
  assert.deepEqual([end.pending, end.told], [0, ["one"]]);
});

test("a reader that pauses gets nothing more before it resumes", () => {
  const end = new TestEnd();
  for (const piece of pieces(3)) end.deliver(piece);
  end.onData = () => end.pause();
  end.resume();
  assert.equal(end.told.length, 1);
  end.resume();
  assert.equal(end.told.length, 2);
  assert.equal(end.pending, 5000);
});

test("a reader that takes long gets the rest in later passes of the event loop, in order, and EOF behind it", async () => {
  const end = new TestEnd();
  const all = pieces(5);
  for (const piece of all) end.deliver(piece);
  end.onData = () => {
    for (const until = performance.now() + 3; performance.now() < until; );
  };
  end.resume();
  end.close();
  const first = end.told.length;
  assert.ok(first < all.length, "one pass hands on a part");
  while (end.told.length <= all.length) await nextPass();
  assert.deepEqual(end.told, [...all.map(String), "EOF"]);
});

test("EOF waits for a paused reader, and nothing arrives behind it", () => {
  const end = new TestEnd();
  end.close();
  end.deliver(Buffer.from("late"));
  assert.deepEqual([end.told, end.pending], [[], 0]);
  end.resume();
  end.close();
  end.resume();
  assert.deepEqual(end.told, ["EOF"]);
  assert.equal(end.gone, false);
});

test("a close with a reason comes behind what waits, and reaches a paused reader", () => {
  const behind = new TestEnd();
  behind.deliver(Buffer.from("last words"));
  behind.close("the device has gone");
  assert.deepEqual(behind.told, []);
  behind.resume();
  assert.deepEqual(behind.told, ["last words", "released", "closed: the device has gone"]);
  const paused = new TestEnd();
  paused.close("the device has gone");
  assert.deepEqual(paused.told, ["released", "closed: the device has gone"]);
  assert.equal(paused.gone, true);
});

test("the first reason counts", () => {
  const end = new TestEnd();
  end.deliver(Buffer.from("x"));
  end.close("first");
  end.close("second");
  end.resume();
  assert.deepEqual(end.told, ["x", "released", "closed: first"]);
});

test("a reset of the peer comes behind what waits, and says that it is a cut", () => {
  for (const before of [() => {}, (end: TestEnd) => end.close()]) {
    const end = new TestEnd();
    let reason: Error | undefined;
    end.events = { ...end.events, closed: (error) => (reason = error) };
    end.deliver(Buffer.from("half"));
    before(end);
    end.close("reset by the service", true);
    assert.equal(end.gone, false);
    end.resume();
    assert.deepEqual([end.told, reason?.message, isCut(reason)], [["half", "released"], "reset by the service", true]);
  }
  const ended = new TestEnd();
  ended.close();
  ended.resume();
  ended.close("reset by the service", true);
  assert.deepEqual(ended.told, ["EOF", "released", "closed: reset by the service"]);
});

for (const [what, error, expected] of [
  ["both have sent FIN", undefined, false],
  ["a reset", new Error("read ECONNRESET"), true],
  ["the daemon's own reason", new EndReason("by service", false), false],
  ["the daemon's own cut", new EndReason("link lost", true), true],
] as const) {
  test(`a cut or not: ${what}`, () => assert.equal(isCut(error), expected));
}

test("a cut loses what waits; destroying says nothing; both release once", () => {
  const cut = new TestEnd();
  cut.deliver(Buffer.from("lost"));
  cut.cut("too slow");
  cut.cut("again");
  cut.destroy();
  cut.resume();
  assert.deepEqual([cut.told, cut.pending], [["released", "closed: too slow"], 0]);
  const destroyed = new TestEnd();
  destroyed.deliver(Buffer.from("lost"));
  destroyed.destroy();
  destroyed.cut("again");
  destroyed.resume();
  assert.deepEqual([destroyed.told, destroyed.pending, destroyed.gone], [["released"], 0, true]);
});

test("a reader that destroys the end gets nothing more", () => {
  const end = new TestEnd();
  for (const piece of pieces(2)) end.deliver(piece);
  end.onData = () => end.destroy();
  end.close();
  end.resume();
  assert.deepEqual(end.told, ["0".repeat(5000), "released"]);
});

test("what a reader throws is a fault of this end", () => {
  const end = new TestEnd();
  end.deliver(Buffer.from("x"));
  end.onData = () => {
    throw new Error("broken");
  };
  end.resume();
  assert.deepEqual(end.told, ["x", "fault: broken"]);
});
