import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commandOf, frameOf, type SendableCommand } from "#src/core/tunnel/frames.js";
import { MAX_KEPT } from "#src/core/tunnel/resume-sender.js";
import { IGNORE_EVENTS } from "#src/sockets/end.js";
import { LinkReader } from "#src/tunnel/link-reader.js";
import { ResumableEnd, type SessionTerms } from "#src/tunnel/resumable-end.js";
import { ManualClock } from "../support/clock.js";
import { FakeEnd } from "../support/fake-end.js";

const TERMS: SessionTerms = { id: Buffer.alloc(16, "i"), resumeMs: 5000 };

/** One side of a session, with a reader on top as a link has it. */
class Side {
  readonly session: ResumableEnd;
  readonly reader: LinkReader;
  readonly told: string[] = [];
  /** Payloads that have come. */
  got = "";
  written = "";
  drains = 0;

  constructor(end: FakeEnd, answers: boolean, clock: ManualClock) {
    end.events = {
      ...IGNORE_EVENTS,
      data: (chunk) => this.reader.push(chunk),
      drained: () => {
        this.drains += 1;
      },
      closed: (error) => this.told.push(`closed: ${error?.message}`),
      fault: (error) => {
        throw error;
      },
    };
    end.resume();
    this.reader = new LinkReader({
      command: (command) => {
        if (this.session.takes(command)) return;
        assert.ok(command.kind === "data");
        this.got += command.bytes.toString("latin1");
      },
      sliceDone: () => {
        this.session.acknowledgeIfDue();
        if (this.reader.behind) this.session.pause();
        else this.session.resume();
      },
      fault: (error) => {
        throw error;
      },
    });
    this.session = new ResumableEnd(end, TERMS, answers, this.reader, clock, {
      cut: (reason) => this.told.push(`cut: ${reason}`),
      resumed: (afterMs) => this.told.push(`resumed after ${afterMs}`),
    });
  }

  /** Sends bytes as DATA, whatever the back pressure. */
  write(text: string): void {
    this.written += text;
    this.session.write(frameOf({ kind: "data", client: 0, bytes: Buffer.from(text, "latin1") }));
  }
}

/** Both sides of a session, and the connection between them that the test carries byte by byte. */
class Pair {
  readonly clock = new ManualClock();
  /** Whether the kernel takes nothing from the server on the next connections. */
  isServerSlow = false;
  readonly server: Side;
  readonly device: Side;
  #ends: { readonly server: FakeEnd; readonly device: FakeEnd };
  /** Bytes under way to each side. */
  #way = { server: Buffer.alloc(0), device: Buffer.alloc(0) };

  constructor() {
    this.#ends = this.#connect();
    this.server = new Side(this.#ends.server, false, this.clock);
    assert.equal(commandOf(this.#takeFrame()).kind, "session");
    this.device = new Side(this.#ends.device, true, this.clock);
    this.carry("server", 1000);
  }

  #connect(): { readonly server: FakeEnd; readonly device: FakeEnd } {
    const [server, device] = [new FakeEnd(), new FakeEnd()];
    server.setBusy(this.isServerSlow);
    const way = { server: Buffer.alloc(0), device: Buffer.alloc(0) };
    server.onWritten = (bytes) => {
      way.device = Buffer.concat([way.device, bytes]);
    };
    device.onWritten = (bytes) => {
      way.server = Buffer.concat([way.server, bytes]);
    };
    this.#way = way;
    return { server, device };
  }

  /** The connection of now, as both sides have it. */
  get ends() {
    return this.#ends;
  }

  /** So many bytes arrive at a side, as one chunk. */
  carry(to: "server" | "device", count: number): void {
    const bytes = this.#way[to];
    this.#way[to] = bytes.subarray(count);
    if (bytes.length > 0 && count > 0) this.#ends[to].send(bytes.subarray(0, count));
  }

  /** Everything arrives, and is read. */
  async settle(): Promise<void> {
    while (this.#isUnderWay) {
      this.carry("server", Number.POSITIVE_INFINITY);
      this.carry("device", Number.POSITIVE_INFINITY);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get #isUnderWay(): boolean {
    const isBehind = this.server.reader.behind || this.device.reader.behind;
    return isBehind || this.#way.server.length + this.#way.device.length > 0;
  }

  lose(side: "server" | "device"): void {
    if (this[side].session.isCut) return;
    this.#ends[side].cut(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }

  /**
   * The device connects anew, as a device does. The server may not have seen yet that the connection is lost.
   *
   * @param early so many bytes come in one chunk with the answer of the server
   */
  reconnect(early = 0): void {
    this.lose("device");
    const ends = this.#connect();
    assert.ok(this.server.session.goOn(ends.server, this.device.session.received));
    const answer = commandOf(this.#takeFrame());
    assert.ok(answer.kind === "session");
    const behind = Buffer.from(this.#way.device.subarray(0, early));
    this.#way.device = this.#way.device.subarray(early);
    assert.ok(this.device.session.goOn(ends.device, answer.received, behind));
    this.#ends = ends;
  }

  #takeFrame(): Buffer {
    const bytes = this.#way.device;
    const size = 4 + bytes.readUInt16BE(0);
    this.#way.device = bytes.subarray(size);
    return bytes.subarray(0, size);
  }
}

const to = fc.constantFrom("server" as const, "device" as const);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("write" as const), to, count: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("carry" as const), to, count: fc.nat(800_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("busy" as const), to, count: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), to, count: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("reconnect" as const), to, count: fc.nat(20_000) }) },
);

test("both directions go on at the byte, whoever notices a loss, wherever it was, in whatever pieces bytes come", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const pair = new Pair();
      let count = 0;
      for (const { kind, to: side, count: amount } of steps) {
        count += 1;
        if (kind === "write") {
          for (let frame = 0; frame < amount; frame += 1) pair[side].write(`${count}/${frame}:`.repeat(10_000));
        } else if (kind === "carry") pair.carry(side, amount);
        else if (kind === "busy") pair.ends[side].setBusy(amount === 1);
        else if (kind === "lose") pair.lose(side);
        else pair.reconnect(amount);
      }
      pair.reconnect();
      await pair.settle();
      assert.ok(pair.device.got === pair.server.written, "from server to device");
      assert.ok(pair.server.got === pair.device.written, "from device to server");
      assert.deepEqual([pair.server.session.unsent, pair.device.session.unsent], [0, 0]);
    }),
    { numRuns: 40 },
  );
});

test("what is written while there is no connection waits for the next one, and only so much is asked for", async () => {
  const pair = new Pair();
  pair.server.write("before");
  pair.lose("server");
  assert.ok(pair.server.session.unsent > 0, "nothing more is asked for");
  pair.server.write("meanwhile");
  pair.clock.advance(4999);
  const { drains } = pair.server;
  pair.reconnect();
  assert.equal(pair.server.session.unsent, 0);
  assert.ok(pair.server.drains > drains, "the writer is told to go on");
  await pair.settle();
  assert.equal(pair.device.got, "beforemeanwhile");
  assert.deepEqual(pair.server.told, ["cut: reset by remote (read ECONNRESET)", "resumed after 4999"]);
});

test("a writer that obeys keeps the memory bounded, connection or not", async () => {
  const pair = new Pair();
  for (let count = 0; count < 200; count += 1) {
    if (count === 150) pair.lose("server");
    if (pair.server.session.unsent === 0) pair.server.write("x".repeat(60_000));
  }
  assert.ok(pair.server.session.kept > MAX_KEPT && pair.server.session.kept < MAX_KEPT + 60_100);
  pair.reconnect();
  await pair.settle();
  assert.equal(pair.server.session.unsent, 0);
  assert.ok(pair.server.session.kept < 400_000, "what has come is no longer kept");
});

test("while bytes are repeated nothing more is asked for, and no acknowledgement gets between the parts of a command", async () => {
  const pair = new Pair();
  for (let count = 0; count < 10; count += 1) pair.server.write("s".repeat(60_000));
  pair.isServerSlow = true;
  pair.reconnect();
  for (let count = 0; count < 10; count += 1) pair.device.write("d".repeat(60_000));
  await pair.settle();
  assert.ok(pair.server.got.length > 500_000 && pair.device.session.kept > 500_000, "an acknowledgement is due");
  assert.ok(pair.server.session.unsent > 0 && pair.device.got.length < 600_000, "bytes wait");
  while (pair.server.session.unsent > 0) {
    pair.ends.server.setBusy(false);
    pair.ends.server.setBusy(true);
  }
  await pair.settle();
  assert.equal(pair.device.got.length, 600_000);
  assert.ok(pair.device.session.kept < 100_000, "acknowledged now");
});

test("when the time is over the end closes, once, and for good", () => {
  const pair = new Pair();
  const { server } = pair;
  pair.lose("server");
  pair.clock.advance(7499);
  assert.equal(server.told.length, 1, "a device that comes in the last moment is let in");
  pair.clock.advance(1);
  const closed = "closed: reset by remote (read ECONNRESET); no other connection within 5 s";
  assert.deepEqual(server.told, ["cut: reset by remote (read ECONNRESET)", closed]);
  const late = new FakeEnd();
  assert.equal(server.session.goOn(late, 0), false);
  assert.equal(late.text, "", "and says nothing on it");
  server.write("too late");
  assert.equal(server.session.unsent, 0);
  pair.clock.advance(60_000);
  assert.equal(server.told.length, 2);
});

test("a server that has no answer to SESSION yet has nothing to go on with", () => {
  const clock = new ManualClock();
  const end = new FakeEnd();
  const server = new Side(end, false, clock);
  server.write("hello");
  end.cut(Object.assign(new Error("gone"), { code: "ECONNRESET" }));
  assert.deepEqual(server.told, ["closed: reset by remote (gone)"]);
});

test("a peer whose offsets cannot be is given up", () => {
  const lies: [string, SendableCommand | { readonly received: number }, string][] = [
    ["acknowledges too much", { kind: "acknowledge", offset: 100 }, "the peer acknowledges what it was not sent"],
    ["has received too much", { received: 100 }, "both sides do not agree on what has come"],
  ];
  for (const [name, lie, reason] of lies) {
    const pair = new Pair();
    if ("kind" in lie) pair.server.session.takes(lie);
    else assert.equal(pair.server.session.goOn(new FakeEnd(), lie.received), false);
    assert.equal(pair.server.told.at(-1), `closed: ${reason}`, name);
    assert.ok(pair.ends.server.gone, name);
  }
});

test("a reader that is paused stays so on the next connection", async () => {
  const pair = new Pair();
  pair.server.session.pause();
  pair.reconnect();
  assert.equal(pair.ends.server.isPaused, true);
  pair.device.write("waits");
  await pair.settle();
  assert.equal(pair.server.got, "");
  pair.server.session.resume();
  assert.equal(pair.server.got, "waits");
  pair.device.session.pause();
  pair.server.write("early");
  pair.reconnect(9);
  await pair.settle();
  assert.equal(pair.device.got, "");
  pair.device.session.resume();
  assert.equal(pair.device.got, "early");
});

test("an end that is given away has been given whole commands", () => {
  const pair = new Pair();
  const { server } = pair.ends;
  assert.equal(pair.server.session.release(), server);
  assert.equal(server.gone, false);
  const other = new Pair();
  other.ends.server.setBusy(true);
  for (let count = 0; count < 5; count += 1) other.server.write("x".repeat(60_000));
  other.server.write("y".repeat(60_000));
  assert.equal(other.server.session.release(), undefined, "half of a command is with the kernel");
  assert.equal(other.ends.server.gone, true);
});
