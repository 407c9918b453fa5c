import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SendWindow } from "#src/core/tunnel/send-window.js";

const PING_BYTES = 4;

/** A link with a rate in bytes per millisecond, a delay each way, and an unlimited buffer. */
class SlowLink {
  readonly window = new SendWindow();
  now = 0;
  /** How long pieces waited before the link carried them, with the time they were sent. */
  readonly waits: { readonly at: number; readonly ms: number }[] = [];
  bytes = 0;
  #rate: number;
  #wayMs: number;
  #freeAt = 0;
  readonly #answers: number[] = [];
  /** Up to that the way is longer, by chance. */
  jitterMs = 0;
  #seed = 1;

  constructor(rate: number, wayMs: number) {
    this.#rate = rate;
    this.#wayMs = wayMs;
    this.#ping();
  }

  change(rate: number, wayMs: number): void {
    this.#rate = rate;
    this.#wayMs = wayMs;
  }

  /** Sends as much as the window allows, for so long. */
  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      while (this.window.peerAnswersPings && this.window.open) {
        this.waits.push({ at: this.now, ms: Math.max(0, this.#freeAt - this.now) });
        this.bytes += this.window.piece;
        this.#send(this.window.piece);
        this.#pingIfDue();
      }
      const [answer] = this.#answers;
      assert.ok(answer !== undefined, "nothing may be sent, and nothing is there to change that");
      if (answer > until) break;
      this.#answers.shift();
      this.now = answer;
      this.window.pongReceived(answer);
      this.#pingIfDue();
    }
    this.now = until;
  }

  /** The longest wait since then. */
  longestWait(since: number): number {
    return Math.max(...this.waits.filter(({ at }) => at >= since).map(({ ms }) => ms));
  }

  #send(bytes: number): void {
    this.window.sent += bytes;
    this.#freeAt = Math.max(this.now, this.#freeAt) + bytes / this.#rate;
  }

  #pingIfDue(): void {
    if (this.window.pingDue) this.#ping();
  }

  #ping(): void {
    this.#send(PING_BYTES);
    this.window.pingSent(this.now);
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const at = this.#freeAt + this.#wayMs + (this.jitterMs * this.#seed) / 2 ** 31;
    this.#answers.push(Math.max(at, this.#answers.at(-1) ?? 0));
  }
}

for (const [kBps, wayMs] of [
  [20, 300],
  [100, 5],
  [1000, 20],
  [1000, 200],
  [10_000, 1],
  [100_000, 30],
  [5_000, 600],
] as const) {
  test(`a link of ${kBps} kB/s and ${wayMs} ms stays busy, and nothing waits for long`, () => {
    const link = new SlowLink(kBps, wayMs);
    link.run(10_000);
    const before = link.bytes;
    link.run(10_000);
    const used = (link.bytes - before) / 10_000 / kBps;
    assert.ok(used > 0.92 && used < 1.05, `${(used * 100).toFixed(1)} % of it`);
    const least = 16_384 / kBps; // less than that cannot be under way
    const allowed = Math.max(50, wayMs) + 2 * least;
    assert.ok(link.longestWait(10_000) <= allowed, `${link.longestWait(10_000)} ms of ${allowed}`);
  });
}

test("the window finds the rate of a fast link within a second", () => {
  const link = new SlowLink(100_000, 10);
  link.run(200);
  const before = link.bytes;
  link.run(800);
  assert.ok(link.bytes - before > 0.9 * 800 * 100_000, `${link.bytes}`);
});

test("a link that becomes slower or longer stays busy, and nothing waits for long", () => {
  const link = new SlowLink(10_000, 20);
  link.run(5000);
  link.change(500, 20);
  link.run(10_000);
  assert.ok(link.longestWait(10_000) < 120, `${link.longestWait(10_000)} ms`);
  link.change(500, 400);
  link.run(30_000);
  const before = link.bytes;
  link.run(10_000);
  const used = (link.bytes - before) / 10_000 / 500;
  assert.ok(used > 0.9, `${(used * 100).toFixed(1)} % of it`);
});

test("occasional late pings change little", () => {
  const link = new SlowLink(1000, 20);
  link.run(5000);
  link.change(1000, 400);
  link.run(100);
  link.change(1000, 20);
  link.run(500);
  const before = link.bytes;
  link.run(500);
  assert.ok(link.bytes - before > 0.95 * 500_000, `${link.bytes - before} bytes`);
});

test("while no ping is late, a time of little traffic does not shrink the window", () => {
  const window = new SendWindow();
  let now = 0;
  for (const [count, bytes] of [
    [20, 1_000_000],
    [1000, 1000],
  ] as const) {
    for (let index = 0; index < count; index += 1) {
      window.sent += bytes;
      window.pingSent(now);
      now += 20;
      window.pongReceived(now);
    }
  }
  window.sent += 1_000_000;
  assert.ok(window.open);
});

test("the path counts as longer after twelve late pings in a row, and no sooner", () => {
  const window = new SendWindow();
  let now = 0;
  const step = (tookMs: number): void => {
    window.sent += 100 * Math.max(tookMs, 40);
    now += Math.max(0, 40 - tookMs);
    window.pingSent(now);
    now += tookMs;
    window.pongReceived(now);
  };
  const least = 16_384 / 4;
  for (const [count, tookMs] of [
    [20, 5],
    [11, 400],
    [1, 5],
    [11, 400],
  ] as const) {
    for (let index = 0; index < count; index += 1) step(tookMs);
    assert.equal(window.piece, least, `behind ${count} of ${tookMs} ms`);
  }
  step(400);
  assert.ok(window.piece > least, "twelve");
});

/** The window of a link that its kernel or its clients keep from being full. */
function allowed(rate: number, wayMs: number): number {
  const window = new SendWindow();
  const answers: number[] = [];
  const ping = (now: number): void => {
    window.pingSent(now);
    answers.push(now + wayMs);
  };
  ping(0);
  for (let now = 1; now < 2000; now += 1) {
    while (answers[0] !== undefined && answers[0] <= now) {
      window.pongReceived(answers.shift() ?? 0);
      if (window.pingDue) ping(now);
    }
    for (let sent = 0; sent < rate && window.open; sent += window.piece) {
      window.sent += window.piece;
      if (window.pingDue) ping(now);
    }
  }
  while (answers.length > 0) window.pongReceived(answers.shift() ?? 0);
  const before = window.sent;
  while (window.open) window.sent += window.piece;
  return window.sent - before;
}

test("a link that its kernel or its clients keep from being full gets a window of what it carries in a short time", () => {
  const ms = allowed(10_000, 1) / 10_000;
  assert.ok(ms > 25 && ms < 100, `${ms} ms`);
});

test("on a fast link the window is bounded by the buffer of a client that does not read; a long path stays busy", () => {
  const [short, long] = [allowed(500_000, 1), allowed(50_000, 100)];
  assert.ok(short > 500_000 && short < 2_500_000, `${short} bytes`);
  assert.ok(long > 4_500_000, `${long} bytes`);
});

test("a path of changing length stays busy", () => {
  const link = new SlowLink(1000, 20);
  link.jitterMs = 80;
  link.run(10_000);
  const before = link.bytes;
  link.run(20_000);
  const used = (link.bytes - before) / 20_000 / 1000;
  assert.ok(used > 0.85, `${(used * 100).toFixed(1)} % of it`);
  assert.ok(link.longestWait(10_000) < 300, `${link.longestWait(10_000)} ms`);
});

test("without pongs there is no limit and no ping; an unsolicited pong is ignored", () => {
  const window = new SendWindow();
  window.sent = 1e12;
  assert.ok(window.open && !window.pingDue);
  assert.equal(window.piece, 16_384);
  window.pongReceived(5);
  assert.ok(!window.peerAnswersPings);
});

test("a side that answers no pings does not get more and more of them", () => {
  const window = new SendWindow();
  window.peerAnswersPings = true;
  let pings = 0;
  for (let count = 0; count < 100_000; count += 1) {
    window.sent += PING_BYTES; // an answer to a ping of its own
    if (!window.pingDue) continue;
    window.pingSent(count);
    pings += 1;
  }
  assert.ok(pings < 100, `${pings} pings`);
  while (pings > 0) {
    window.pongReceived(1e6);
    pings -= 1;
    if (!window.pingDue) continue;
    window.pingSent(1e6);
    pings += 1;
  }
  assert.ok(window.open, "with all of them answered, it goes on");
});

test("for any order of events: without a ping in flight more may be sent", () => {
  const steps = fc.array(
    fc.record({
      bytes: fc.integer({ min: 1, max: 5_000_000 }),
      ms: fc.double({ min: 0, max: 1e5, noNaN: true }),
      answers: fc.nat(4),
    }),
  );
  fc.assert(
    fc.property(steps, (list) => {
      const window = new SendWindow();
      let [now, pings] = [0, 1];
      window.pingSent(now);
      const pingIfDue = (): void => {
        if (!window.pingDue) return;
        pings += 1;
        window.sent += PING_BYTES;
        window.pingSent(now);
      };
      for (const { bytes, ms, answers } of list) {
        window.sent += bytes; // frames that are no client's are sent whether it is open or not
        pingIfDue();
        now += ms;
        for (let count = 0; count < answers && pings > 0; count += 1) {
          pings -= 1;
          window.pongReceived(now);
          pingIfDue();
        }
        assert.ok(pings > 0 || window.open);
        assert.ok(window.piece >= 4096 && window.piece <= 65_532);
      }
    }),
  );
});
