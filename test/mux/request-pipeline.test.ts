import assert from "node:assert/strict";
import { test } from "node:test";
import { DeviceHabits } from "#src/core/mux/device-habits.js";
import { UnitHealth } from "#src/core/mux/unit-health.js";
import { type ClientRequest, PendingRequest } from "#src/mux/pending-request.js";
import { RequestPipeline } from "#src/mux/request-pipeline.js";
import type { RequestPipelineOwner } from "#src/mux/request-pipeline-owner.js";
import { ManualClock } from "../support/clock.js";
import { readPdu, words, wrap, writePdu } from "../support/modbus.js";
import { modbusMessage, muxRoute, registerPdu, requestOf, TestConnection } from "../support/mux-parts.js";

const TIME_MS = 2000;
const IDS = (bytes: Buffer): number => bytes.readUInt16BE();

/** A pipeline whose mux is the test. */
function setUp(options = "PROT=modbus TIME=2", units = new UnitHealth()) {
  const clock = new ManualClock();
  const connection = new TestConnection();
  const told: string[] = [];
  /** Whether requests wait for their turn, and whether the clients have sent FIN. */
  const state = { isAwaited: true, mayBeGone: false, wasTurnedAway: false };
  const { mux } = muxRoute(options);
  const stopWith =
    (how: string) =>
    (reason: string): void => {
      told.push(`${how}: ${reason}`);
      pipeline.stop();
    };
  const owner: RequestPipelineOwner = {
    clock,
    habits: new DeviceHabits(),
    units,
    options: () => mux,
    answer: (_pending, { kind, bytes }) => void told.push(`${kind} ${bytes.toString("latin1")}`),
    completed: (_pending, byEof) => void told.push(byEof ? "completed by EOF" : "completed"),
    failed: (_pending, why) => void told.push(`failed: ${why}`),
    withdrawn: (_pending, reason) => void told.push(`withdrawn: ${reason}`),
    event: (message) => void told.push(`event ${message.toString("latin1")}`),
    unsolicited: (text) => void told.push(`unsolicited: ${text}`),
    responsive() {},
    learned: (what) => void told.push(`learned: ${what}`),
    ready: () => void told.push("ready"),
    closeWaitMs: () => 0,
    wasTurnedAway: () => state.wasTurnedAway,
    isAwaited: () => state.isAwaited,
    fault: (error) => void told.push(`fault: ${error}`),
    fail: stopWith("fail"),
    retire: stopWith("retire"),
    replace: stopWith("replace"),
  };
  const pipeline = new RequestPipeline(connection, owner);
  const { written } = connection;
  const send = (bytes: Buffer): PendingRequest => {
    const pending = new PendingRequest({
      request: requestOf(mux.protocol, bytes),
      client: {
        name: "",
        get mayBeGone() {
          return state.mayBeGone;
        },
      },
    } as unknown as ClientRequest);
    pipeline.send(pending);
    return pending;
  };
  /** The answer to the request that went out as number `index`. */
  const answerTo = (index: number, pdu: Buffer): Buffer => modbusMessage(IDS(written[index] as Buffer), pdu);
  const take = (): string[] => told.splice(0);
  return { clock, connection, pipeline, protocol: mux.protocol, owner, written, told, send, answerTo, take, state };
}

const http = (head: string, body = ""): Buffer => Buffer.from(`${head}\r\n\r\n${body}`);
const GET = http("GET / HTTP/1.1\r\nHost: d");

test("modbus: a request goes out under an id of the pipeline, and its answer completes it", () => {
  const { pipeline, written, send, answerTo, take } = setUp();
  send(modbusMessage(7, readPdu(1)));
  assert.deepEqual(written[0]?.subarray(2), modbusMessage(7, readPdu(1)).subarray(2));
  assert.deepEqual([pipeline.outstanding, pipeline.isFree], [1, false]);
  const answer = answerTo(0, registerPdu(42));
  pipeline.data(answer);
  assert.deepEqual(take(), [`frame ${answer.toString("latin1")}`, "completed", "ready"]);
  assert.deepEqual([pipeline.outstanding, pipeline.isFree, pipeline.requests], [0, true, 1]);
});

test("no request goes out while answers wait to be handed over", () => {
  const { pipeline, owner, send, answerTo } = setUp("PROT=modbus PIPE=2");
  send(modbusMessage(1, readPdu(1)));
  const isFree: boolean[] = [];
  owner.completed = () => void isFree.push(pipeline.isFree);
  owner.ready = () => void isFree.push(pipeline.isFree);
  pipeline.data(answerTo(0, registerPdu(1)));
  assert.deepEqual(isFree, [false, true]);
});

test("PIPE: answers in any order find their requests", () => {
  const { pipeline, send, answerTo, take } = setUp("PROT=modbus PIPE=2");
  send(modbusMessage(1, readPdu(1)));
  assert.equal(pipeline.isFree, true);
  send(modbusMessage(1, readPdu(2)));
  assert.equal(pipeline.isFree, false);
  const [first, second] = [answerTo(0, registerPdu(1)), answerTo(1, registerPdu(2))];
  pipeline.data(Buffer.concat([second, first]));
  assert.deepEqual(take(), [
    ...[`frame ${second.toString("latin1")}`, "completed", `frame ${first.toString("latin1")}`, "completed"],
    "ready",
  ]);
});

for (const [what, answer] of [
  ["another function", (id: number) => modbusMessage(id, words(6, 1, 1))],
  ["no request before it", () => modbusMessage(0, registerPdu(1))],
] as const) {
  test(`modbus: an answer with ${what} is dropped, and the request still waits`, () => {
    const { pipeline, written, send, answerTo, take } = setUp();
    if (what !== "no request before it") send(modbusMessage(1, readPdu(1)));
    pipeline.data(answer(written[0] === undefined ? 0 : IDS(written[0])));
    const [first, ...rest] = take();
    assert.match(first ?? "", /^unsolicited: an answer that no request waited for \([0-9a-f]+\)$/);
    assert.deepEqual(rest, ["ready"]);
    if (written[0] === undefined) return;
    pipeline.data(answerTo(0, registerPdu(1)));
    assert.deepEqual(take().slice(1), ["completed", "ready"]);
  });
}

test("modbus: an answer with another id waits for a right one: that is the answer, and the other one is dropped", () => {
  const { pipeline, send, answerTo, take } = setUp();
  send(modbusMessage(1, readPdu(1)));
  const right = answerTo(0, registerPdu(1));
  const wrong = modbusMessage((IDS(right) + 1) & 0xffff, registerPdu(2));
  pipeline.data(wrong);
  assert.deepEqual(take(), ["ready"]);
  pipeline.data(right);
  assert.deepEqual(take(), [
    `unsolicited: an answer that no request waited for (${wrong.toString("hex")})`,
    ...[`frame ${right.toString("latin1")}`, "completed", "ready"],
  ]);
});

const BY_ORDER = "learned: answers carry ids of their own: matched by order from now on";

test("modbus: without a right one within 200 ms it is the answer; from then on there is no wait, and a timeout costs the connection", () => {
  const { clock, pipeline, send, written, answerTo, take } = setUp("PROT=modbus PIPE=4 TIME=2");
  const foreign = (index: number, value: number): Buffer =>
    modbusMessage((IDS(written[index] as Buffer) + 7) & 0xffff, registerPdu(value));
  send(modbusMessage(1, readPdu(1)));
  pipeline.data(foreign(0, 42));
  clock.advance(199);
  assert.deepEqual(take(), ["ready"]);
  clock.advance(1);
  assert.deepEqual(take(), [BY_ORDER, `frame ${foreign(0, 42).toString("latin1")}`, "completed", "ready"]);
  send(modbusMessage(1, readPdu(1)));
  assert.equal(pipeline.isFree, false, "PIPE is 1");
  pipeline.data(foreign(1, 43));
  assert.deepEqual(take(), [`frame ${foreign(1, 43).toString("latin1")}`, "completed", "ready"]);
  pipeline.data(answerTo(1, registerPdu(44)));
  assert.match(take()[0] ?? "", /^unsolicited: an answer that no request waited for/);
  send(modbusMessage(1, readPdu(1)));
  clock.advance(2000);
  assert.match(take().at(-1) ?? "", /^replace: no answer within 2 s/);
});

test("modbus: an answer with another id is taken when the device closes behind it", () => {
  const { pipeline, send, answerTo, take } = setUp();
  send(modbusMessage(1, readPdu(1)));
  const answer = answerTo(0, registerPdu(1));
  answer.writeUInt16BE((IDS(answer) + 1) & 0xffff);
  pipeline.data(answer);
  take();
  pipeline.eof();
  assert.deepEqual(take(), [BY_ORDER, `frame ${answer.toString("latin1")}`, "completed", "retire: by device"]);
});

test("modbus: after a timeout the connection stays, and the late answer is dropped", () => {
  const { clock, pipeline, send, answerTo, take } = setUp();
  send(modbusMessage(1, readPdu(1)));
  clock.advance(TIME_MS - 1);
  assert.deepEqual(take(), ["ready"], "for other units, after a second");
  clock.advance(1);
  assert.deepEqual(take(), ["failed: no answer", "ready"]);
  pipeline.data(answerTo(0, registerPdu(1)));
  assert.match(take()[0] ?? "", /^unsolicited: /);
});

test("modbus: a device that sends nothing for 1.5 × TIME is dead", () => {
  const { clock, send, take } = setUp();
  send(modbusMessage(1, readPdu(1)));
  clock.advance(TIME_MS);
  take();
  send(modbusMessage(1, readPdu(1)));
  clock.advance(TIME_MS);
  assert.deepEqual(take().slice(1), ["failed: no answer", "replace: no answers for 4.0 s"]);
});

test("a request that no client waits for any more is no timeout", () => {
  const { clock, send, take } = setUp();
  send(modbusMessage(1, readPdu(1))).waiters.clear();
  clock.advance(TIME_MS);
  assert.deepEqual(take().slice(1), ["failed: no answer", "ready"]);
});

test("without ids a timeout costs the connection", () => {
  const { clock, send, take } = setUp("PROT=echo TIME=2");
  send(Buffer.from("one\n"));
  clock.advance(TIME_MS);
  assert.deepEqual(take(), [
    ...["failed: no answer"],
    "replace: no answer within 2 s: the next one could belong to any request",
  ]);
});

for (const [what, bytes, text] of [
  ["another message right behind an answer", "one\ntwo\n", "an answer that no request waited for (74776f0a)"],
  ["the answer twice in one packet", "one\none\n", "the last answer once more (6f6e650a)"],
] as const) {
  test(`without ids, ${what} costs the connection`, () => {
    const { pipeline, send, take } = setUp("PROT=echo");
    send(Buffer.from("one\n"));
    pipeline.data(Buffer.from(bytes));
    assert.deepEqual(take().slice(-2), [`unsolicited: ${text}`, `replace: not trusted any more: ${text}`]);
  });
}

test("without ids, the answer again while nobody waits costs the connection; other messages are dropped", () => {
  const { pipeline, send, take } = setUp("PROT=echo");
  pipeline.data(Buffer.from("welcome\n"));
  send(Buffer.from("one\n"));
  pipeline.data(Buffer.from("one\n"));
  pipeline.data(Buffer.from("two\n"));
  assert.deepEqual(take(), [
    ...["unsolicited: an answer that no request waited for (77656c636f6d650a)", "ready"],
    ...["frame one\n", "completed", "ready"],
    ...["unsolicited: an answer that no request waited for (74776f0a)", "ready"],
  ]);
  pipeline.data(Buffer.from("one\n"));
  assert.match(take().at(-1) ?? "", /^replace: not trusted any more: the last answer once more/);
});

test("without ids, no request goes out before half a message has its end", () => {
  const { clock, pipeline, send, take } = setUp("PROT=echo");
  pipeline.data(Buffer.from("wel"));
  assert.equal(pipeline.isFree, false);
  clock.advance(999);
  pipeline.data(Buffer.from("come\n"));
  assert.equal(pipeline.isFree, true);
  clock.advance(1000);
  send(Buffer.from("one\n"));
  pipeline.data(Buffer.from("one\ntw"));
  take();
  clock.advance(999);
  assert.deepEqual([pipeline.isFree, take()], [false, []]);
  clock.advance(1);
  assert.deepEqual(take().slice(-1), ["replace: not trusted any more: half a message that no request waited for"]);
});

test("without ids, what begins right behind an answer costs the connection at its end", () => {
  const { pipeline, send, take } = setUp("PROT=echo");
  send(Buffer.from("one\n"));
  pipeline.data(Buffer.from("one\ntw"));
  pipeline.data(Buffer.from("o\n"));
  assert.match(take().at(-1) ?? "", /^replace: not trusted any more/);
});

test("http: any byte that no request waits for costs the connection", () => {
  const { pipeline, take } = setUp("PROT=http");
  pipeline.data(Buffer.from("x"));
  const text = "1 bytes that no request waited for";
  assert.deepEqual(take(), [`unsolicited: ${text}`, `replace: not trusted any more: ${text}`]);
});

test("http: half a message behind an answer costs the connection", () => {
  const { pipeline, send, take } = setUp("PROT=http");
  send(GET);
  pipeline.data(Buffer.concat([http("HTTP/1.1 200 OK\r\nContent-Length: 2", "ok"), Buffer.from("HTTP/1.1 20")]));
  assert.match(take().at(-1) ?? "", /^replace: not trusted any more/);
});

test("UNSO=broadcast: what nobody asked for goes to every client, but not the last answer once more", () => {
  const { pipeline, send, take } = setUp("PROT=echo UNSO=broadcast");
  pipeline.data(Buffer.from("alarm\n"));
  assert.deepEqual(take(), ["event alarm\n", "ready"]);
  send(Buffer.from("one\n"));
  pipeline.data(Buffer.from("one\n"));
  pipeline.data(Buffer.from("one\n"));
  assert.match(take().join(), /unsolicited: the last answer once more .*,replace: /);
});

const EMPTY = Buffer.of(0, 0);

test("iso8583: a client does not wait for the answer to a sign of life; a probe does", () => {
  const { clock, pipeline, written, send, take } = setUp("PROT=iso8583 HLTH=10 PROB=0000 TIME=2");
  send(EMPTY);
  assert.deepEqual([written.length, pipeline.outstanding, take()], [1, 0, ["completed"]]);
  clock.advance(10_000);
  assert.equal(pipeline.outstanding, 1);
  pipeline.data(EMPTY);
  assert.deepEqual(take(), ["ready"]);
  pipeline.data(EMPTY);
  assert.deepEqual(take(), ["unsolicited: an answer that no request waited for (0000)", "ready"]);
});

test("a lost connection fails all requests, the youngest first: repeats then go to the front one by one", () => {
  const { clock, pipeline, owner, send, take } = setUp("PROT=modbus PIPE=2");
  const [first, second] = [send(modbusMessage(1, readPdu(1))), send(modbusMessage(1, readPdu(2)))];
  const failed: PendingRequest[] = [];
  owner.failed = (pending) => void failed.push(pending);
  pipeline.stop();
  pipeline.stop();
  assert.deepEqual(failed, [second, first]);
  clock.advance(60_000);
  assert.deepEqual([take(), pipeline.isFree, pipeline.isStopped, clock.pending], [[], false, true, 0]);
});

test("GAPM: the device has its pause between an answer and the next request", () => {
  const { clock, pipeline, send, answerTo, take } = setUp("PROT=modbus GAPM=50");
  send(modbusMessage(1, readPdu(1)));
  pipeline.data(answerTo(0, registerPdu(1)));
  take();
  clock.advance(49);
  assert.equal(pipeline.isFree, false);
  clock.advance(1);
  assert.deepEqual([pipeline.isFree, take()], [true, ["ready"]]);
});

test("no request goes out before the kernel has taken the one before, or while the connection settles", () => {
  const { connection, pipeline } = setUp("PROT=modbus PIPE=4");
  connection.unsent = 1;
  assert.equal(pipeline.isFree, false);
  connection.unsent = 0;
  connection.ready = false;
  assert.equal(pipeline.isFree, false);
  connection.ready = true;
  assert.equal(pipeline.isFree, true);
});

test("MAXA: an old connection takes no more requests, and is retired behind its last answer", () => {
  const { clock, pipeline, send, answerTo, take } = setUp("PROT=modbus MAXA=10 TIME=60");
  clock.advance(9000);
  send(modbusMessage(1, readPdu(1)));
  clock.advance(1000);
  assert.deepEqual([pipeline.isFree, take()], [false, ["ready"]]);
  pipeline.data(answerTo(0, registerPdu(1)));
  assert.deepEqual(take().slice(1), ["completed", "retire: as old as MAXA allows"]);
});

test("MAXA: an idle connection is retired at once", () => {
  const { clock, take } = setUp("PROT=modbus MAXA=10");
  clock.advance(10_000);
  assert.deepEqual(take(), ["retire: as old as MAXA allows"]);
});

test("FIN of the device fails what waits", () => {
  const { pipeline, send, take } = setUp();
  send(modbusMessage(1, readPdu(1)));
  pipeline.eof();
  assert.deepEqual(take(), ["fail: by device", "failed: link lost"]);
});

test("modbus-serial: a write to all units needs no answer; one that comes within 100 ms is its client's", () => {
  const { pipeline, clock, send, take } = setUp("PROT=modbus-serial GAPM=50");
  const write = Buffer.from("00060001000399da", "hex");
  send(write);
  assert.deepEqual([take(), pipeline.isFree], [[], false]);
  clock.advance(100);
  assert.deepEqual([take(), pipeline.outstanding, pipeline.isFree], [["completed", "ready"], 0, false]);
  clock.advance(50);
  assert.equal(pipeline.isFree, true);
  take();
  send(write);
  pipeline.data(write);
  assert.deepEqual(take().slice(-3), [`frame ${write.toString("latin1")}`, "completed", "ready"]);
});

test("conbus: events go to all clients, and a telegram to all modules gathers answers until 300 ms of silence", () => {
  const { clock, pipeline, send, take } = setUp("PROT=conbus");
  pipeline.data(Buffer.from("<E14L00I02MAK>"));
  assert.deepEqual(take(), ["event <E14L00I02MAK>", "ready"]);
  send(Buffer.from("<S0000000000F01D00FA>"));
  const answers = ["<R0020030837F01DFI>", "<R0020044964F01DFI>"];
  for (const answer of answers) {
    clock.advance(299);
    pipeline.data(Buffer.from(answer));
  }
  assert.deepEqual(take(), [`frame ${answers[0]}`, "ready", `frame ${answers[1]}`, "ready"]);
  clock.advance(299);
  assert.deepEqual([take(), pipeline.outstanding], [[], 1]);
  clock.advance(1);
  assert.deepEqual(take(), ["completed", "ready"]);
});

test("conbus: what was gathered when the connection is lost is an answer", () => {
  const { pipeline, send, take } = setUp("PROT=conbus");
  send(Buffer.from("<S0000000000F01D00FA>"));
  pipeline.data(Buffer.from("<R0020030837F01DFI>"));
  take();
  pipeline.stop();
  assert.deepEqual(take(), ["completed"]);
});

test("http: parts of a long answer extend its time; the interim answer does not", () => {
  const { clock, pipeline, send, take } = setUp("PROT=http TIME=2");
  send(GET);
  clock.advance(1500);
  pipeline.data(http("HTTP/1.1 103 Early Hints"));
  clock.advance(499);
  pipeline.data(http("HTTP/1.1 200 OK\r\nContent-Length: 2", "a"));
  clock.advance(1999);
  pipeline.data(Buffer.from("b"));
  assert.deepEqual(take().slice(-2), ["completed", "ready"]);
  send(GET);
  clock.advance(1000);
  pipeline.data(http("HTTP/1.1 103 Early Hints"));
  clock.advance(1000);
  assert.match(take().at(-1) ?? "", /^replace: no answer within 2 s/);
});

test("http: a client that does not read keeps the connection for a minute at most", () => {
  const { clock, connection, pipeline, send, take } = setUp("PROT=http TIME=2");
  send(GET);
  pipeline.data(http("HTTP/1.1 200 OK\r\nContent-Length: 200", "a"));
  pipeline.pause();
  assert.equal(connection.isPaused, true);
  pipeline.data(Buffer.from("what the kernel had"));
  clock.advance(59_999);
  pipeline.resume();
  assert.equal(connection.isPaused, false);
  clock.advance(1999);
  take();
  clock.advance(1);
  assert.deepEqual(take().slice(0, 1), ["failed: no answer"]);
});

test("http: an answer that ends with the connection is complete at FIN", () => {
  const { pipeline, send, take } = setUp("PROT=http");
  send(GET);
  pipeline.data(http("HTTP/1.1 200 OK", "to the end"));
  pipeline.eof();
  assert.deepEqual(take().slice(-3), ["frame ", "completed by EOF", "retire: as the device wants it"]);
});

test("http: behind a request with a body, and behind Connection: close, the connection is retired", () => {
  for (const [request, answer, reason] of [
    [
      http("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 1", "x"),
      "",
      "the device may see the end of the request elsewhere",
    ],
    [GET, "\r\nConnection: close", "as the device wants it"],
  ] as const) {
    const { pipeline, send, take } = setUp("PROT=http");
    send(request);
    assert.equal(pipeline.isFree, false);
    pipeline.data(http(`HTTP/1.1 200 OK\r\nContent-Length: 0${answer}`));
    assert.deepEqual(take().slice(-2), ["completed", `retire: ${reason}`]);
  }
});

test("http: a retired connection waits for the end of the gap: a new one would have to wait, too", () => {
  const { clock, pipeline, send, take } = setUp("PROT=http GAPM=50");
  send(GET);
  pipeline.data(http("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close"));
  assert.deepEqual(take().slice(-2), ["completed", "ready"]);
  clock.advance(50);
  assert.deepEqual(take(), ["retire: as the device wants it"]);
});

test("http: another protocol costs the connection", () => {
  const { pipeline, send, take } = setUp("PROT=http");
  send(GET);
  pipeline.data(http("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade"));
  assert.match(take().join(), /^unsolicited: the device goes on with another protocol,replace: not trusted any more/);
});

test("HLTH and PROB: an idle connection is probed; without an answer it is replaced", () => {
  const probe = modbusMessage(0, readPdu(1)).toString("hex");
  const { clock, pipeline, written, send, answerTo, take } = setUp(`PROT=modbus HLTH=10 TIME=2 PROB=${probe}`);
  clock.advance(10_000);
  assert.equal(written.length, 1);
  pipeline.data(answerTo(0, registerPdu(1)));
  assert.deepEqual(take(), ["ready"]);
  send(modbusMessage(1, writePdu(1, 1)));
  pipeline.data(answerTo(1, writePdu(1, 1)));
  take();
  clock.advance(12_000);
  assert.deepEqual(take(), ["replace: no answer to its probe"]);
});

/** A read of one register. */
const readOf = (unit: number, address: number): Buffer => wrap("modbus", { id: 1, unit, pdu: readPdu(address) });
const serialRead = (unit: number, address: number): Buffer =>
  wrap("modbus-serial", { id: 0, unit, pdu: readPdu(address) });

test("with ids, a request that has waited for a second keeps the connection from its own unit only", () => {
  const { clock, pipeline, protocol, connection, send, take } = setUp("PROT=modbus TIME=5");
  const [one, nine] = [requestOf(protocol, readOf(1, 1)), requestOf(protocol, readOf(9, 1))];
  send(readOf(9, 1));
  clock.advance(999);
  assert.deepEqual([pipeline.room.isFor(one), pipeline.room.isAny], [false, false]);
  assert.equal(pipeline.room.heldSince(one), clock.now() - 999);
  clock.advance(1);
  assert.deepEqual([pipeline.room.isFor(one), pipeline.room.isFor(nine), pipeline.isFree], [true, false, false]);
  assert.equal(pipeline.room.heldSince(one), undefined);
  send(readOf(1, 1));
  assert.equal(pipeline.room.isFor(requestOf(protocol, readOf(2, 1))), false, "PIPE holds for the others");
  assert.equal(pipeline.room.isAny, false);
  pipeline.data(wrap("modbus", { id: IDS(connection.written[1] as Buffer), unit: 1, pdu: registerPdu(7) }));
  pipeline.data(wrap("modbus", { id: IDS(connection.written[0] as Buffer), unit: 9, pdu: registerPdu(8) }));
  assert.equal(take().filter((text) => text === "completed").length, 2, "a unit that is slow gets its answer");
});

test("without ids, the next unit's request ends the wait for one that has waited for a second", () => {
  const { clock, pipeline, protocol, send, take } = setUp("PROT=modbus-serial TIME=5");
  send(serialRead(9, 1));
  clock.advance(1000);
  assert.equal(pipeline.room.isFor(requestOf(protocol, serialRead(1, 1))), true);
  take();
  send(serialRead(1, 1));
  assert.deepEqual(take(), ["failed: no answer"]);
  pipeline.data(wrap("modbus-serial", { id: 0, unit: 9, pdu: registerPdu(8) }));
  pipeline.data(wrap("modbus-serial", { id: 0, unit: 1, pdu: registerPdu(7) }));
  const told = take();
  assert.ok(told.includes("completed") && told.every((text) => !text.startsWith("replace")), told.join());
});

test("a dead unit does not cost the connection while another one answers there", () => {
  for (const kind of ["modbus", "modbus-serial"] as const) {
    const { clock, pipeline, connection, send, take } = setUp(`PROT=${kind} TIME=2`);
    const read = kind === "modbus" ? readOf : serialRead;
    const idOfLast = (): number => (kind === "modbus" ? IDS(connection.written.at(-1) as Buffer) : 0);
    for (let round = 0; round < 4; round += 1) {
      send(read(1, 1));
      pipeline.data(wrap(kind, { id: idOfLast(), unit: 1, pdu: registerPdu(7) }));
      send(read(9, 1));
      clock.advance(2000);
    }
    assert.deepEqual(
      take().filter((text) => text.startsWith("replace")),
      [],
    );
    send(read(1, 1));
    clock.advance(2000);
    assert.equal(take().filter((text) => text.startsWith("replace")).length, 1, "nothing answers there any more");
  }
});

test("without ids, a late answer shows that its unit is slow and not dead, and answers nobody", () => {
  const { clock, pipeline, owner, protocol, send, take } = setUp("PROT=modbus-serial TIME=5");
  send(serialRead(9, 1));
  clock.advance(1000);
  send(serialRead(1, 1));
  assert.equal(owner.units.isTrusted(9), false);
  const other = requestOf(protocol, serialRead(9, 2));
  assert.equal(pipeline.health.isAmbiguous(other), true);
  clock.advance(500);
  take();
  const late = wrap("modbus-serial", { id: 0, unit: 9, pdu: registerPdu(8) });
  pipeline.data(late.subarray(0, 3));
  pipeline.data(late.subarray(3));
  assert.deepEqual(
    take().filter((text) => text === "completed"),
    [],
  );
  assert.deepEqual([owner.units.isTrusted(9), owner.units.holdMs(9, clock.now())], [true, 6000]);
  assert.equal(pipeline.health.isAmbiguous(other), false, "nothing is owed any more");
  pipeline.data(wrap("modbus-serial", { id: 0, unit: 1, pdu: registerPdu(7) }));
  assert.ok(take().includes("completed"));
});

test("without ids, the same question may follow one without answer; another one needs a new connection", () => {
  const { clock, pipeline, protocol, send } = setUp("PROT=modbus-serial TIME=5");
  send(serialRead(9, 1));
  clock.advance(1000);
  send(serialRead(1, 1));
  const [same, other, otherUnit] = [serialRead(9, 1), serialRead(9, 2), serialRead(1, 2)].map((bytes) =>
    pipeline.health.isAmbiguous(requestOf(protocol, bytes)),
  );
  assert.deepEqual([same, other, otherUnit], [false, true, false]);
});

test("a request whose clients have given up keeps the link from others for 4 s, and from nobody as long as it may take", () => {
  const { clock, pipeline, send, take, state } = setUp("PROT=echo TIME=60");
  send(Buffer.from("x\n"));
  state.isAwaited = false;
  state.mayBeGone = true;
  pipeline.clientGone();
  clock.advance(30_000);
  assert.deepEqual(take(), []);
  state.isAwaited = true;
  clock.advance(1000);
  assert.deepEqual(take(), [
    "failed: no answer",
    "replace: no answer within 31 s: the next one could belong to any request",
  ]);
});

test("a link that answers slowly waits longer for an answer whose clients have given up", () => {
  for (const [tookMs, waitsMs] of [
    [100, 2000],
    [1500, 6000],
  ] as const) {
    const { clock, pipeline, send, take, state } = setUp("PROT=echo TIME=60");
    send(Buffer.from("x\n"));
    clock.advance(tookMs);
    pipeline.data(Buffer.from("y\n"));
    send(Buffer.from("z\n"));
    state.mayBeGone = true;
    pipeline.clientGone();
    take();
    clock.advance(waitsMs - 1);
    assert.deepEqual(take(), []);
    clock.advance(1);
    assert.equal(take()[0], "failed: no answer");
  }
});

test("an answer that another client waits for, too, has all its time", () => {
  const { clock, pipeline, send, take, state } = setUp("PROT=echo TIME=60");
  const pending = send(Buffer.from("x\n"));
  state.mayBeGone = true;
  pipeline.clientGone();
  pending.waiters.add({ client: { mayBeGone: false } } as unknown as ClientRequest);
  clock.advance(59_999);
  assert.deepEqual(take(), []);
  clock.advance(1);
  assert.equal(take()[0], "failed: no answer");
});

test("modbus: a link that has answered nothing is of no use after the first timeout, where links of the device wake sooner", () => {
  const units = new UnitHealth();
  const first = setUp("PROT=modbus TIME=2", units);
  first.send(modbusMessage(1, readPdu(1)));
  first.clock.advance(2000);
  assert.deepEqual(first.take(), ["ready", "failed: no answer", "ready"], "it may wake later than after 2 s");
  first.send(modbusMessage(1, readPdu(1)));
  first.pipeline.data(first.answerTo(1, registerPdu(1)));
  const slow = setUp("PROT=modbus TIME=2", units);
  slow.send(modbusMessage(1, readPdu(1)));
  slow.clock.advance(2000);
  assert.deepEqual(slow.take(), ["ready", "failed: no answer", "ready"], "as the last one did");
  const prompt = new UnitHealth();
  prompt.woke(5);
  const next = setUp("PROT=modbus TIME=2", prompt);
  next.send(modbusMessage(1, readPdu(1)));
  next.clock.advance(2000);
  assert.deepEqual(next.take(), [
    "ready",
    "failed: no answer",
    "replace: no answer within 2 s, the first one on this link",
  ]);
});
