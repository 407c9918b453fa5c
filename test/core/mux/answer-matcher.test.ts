import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AnswerMatcher } from "#src/core/mux/answer-matcher.js";
import { DeviceHabits } from "#src/core/mux/device-habits.js";
import type { Awaiting } from "#src/core/mux/match.js";
import { readPdu, unwrap, wrap, writeManyPdu, writePdu } from "../../support/modbus.js";
import { muxRoute, registerPdu, requestOf } from "../../support/mux-parts.js";

/** A matcher of one link; `ask` sends a request, `say` is what the device sends, in a packet of its own. */
function setUp(options: string, habits = new DeviceHabits()) {
  const { mux } = muxRoute(options);
  const { protocol } = mux;
  const matcher = new AnswerMatcher<Awaiting>(() => mux, habits, 0);
  let framing = matcher.framing();
  const ask = (bytes: Buffer): Awaiting => {
    const [id, request] = [matcher.nextId(), requestOf(protocol, bytes)];
    const awaiting: Awaiting = { id, request, bytes: protocol.withId(request, id), isEchoed: false };
    framing = matcher.framingOf(awaiting) ?? framing;
    framing.expect?.(awaiting.bytes);
    matcher.sent(awaiting);
    return awaiting;
  };
  /** What the messages of one packet are; answers complete their requests. */
  const say = (...bytes: Buffer[]): string[] => {
    const kinds = framing.push(Buffer.concat(bytes)).map((cut) => {
      const match = matcher.match(cut);
      if (match.kind === "answer") matcher.completed(match.to);
      return match.kind;
    });
    matcher.caughtUp(framing.held);
    return kinds;
  };
  return { matcher, habits, ask, say };
}

const text = (line: string): Buffer => Buffer.from(`${line}\n`);
const iso = (body: string): Buffer => Buffer.concat([Buffer.of(0, body.length), Buffer.from(body)]);
const trace = (mti: string, stan: number): Buffer => iso(`${mti}0020000000000000${String(stan).padStart(6, "0")}`);
const serial = (pdu: Buffer): Buffer => wrap("modbus-serial", { id: 0, unit: 1, pdu });
const conbus = (telegram: string): Buffer => Buffer.from(telegram);

/** What a device says behind one request, packet by packet, and what that is. */
const SAID: readonly (readonly [what: string, options: string, request: Buffer, packets: Buffer[][], kinds: string])[] =
  [
    ["its answer", "PROT=echo", text("a"), [[text("b")]], "answer"],
    ["two answers in one packet", "PROT=echo", text("a"), [[text("b"), text("b")]], "answer suspect"],
    ["something right behind the answer", "PROT=echo", text("a"), [[text("b"), text("c")]], "answer suspect"],
    ["something in the next packet", "PROT=echo", text("a"), [[text("b")], [text("c")]], "answer unsolicited"],
    ["the answer again", "PROT=echo", text("a"), [[text("b")], [text("c")], [text("b")]], "answer unsolicited suspect"],
    ["something, for all", "PROT=echo UNSO=broadcast", text("a"), [[text("b")], [text("c")]], "answer event"],
    [
      "the answer again, for nobody",
      "PROT=echo UNSO=broadcast",
      text("a"),
      [[text("b")], [text("b")]],
      "answer suspect",
    ],
    [
      "a keepalive around the answer",
      "PROT=iso8583",
      trace("0200", 1),
      [[iso(""), trace("0210", 1), iso("")]],
      "unsolicited answer unsolicited",
    ],
    [
      "another's answer first",
      "PROT=iso8583",
      trace("0200", 1),
      [[trace("0210", 2)], [trace("0210", 1)]],
      "unsolicited answer",
    ],
    [
      "a request first",
      "PROT=iso8583",
      trace("0800", 1),
      [[trace("0800", 1)], [trace("0810", 1)]],
      "unsolicited answer",
    ],
    [
      "a request, for all",
      "PROT=iso8583 UNSO=broadcast",
      trace("0200", 1),
      [[iso(""), trace("0800", 9), trace("0210", 1)]],
      "event event answer",
    ],
    [
      "a second answer, in other words",
      "PROT=iso8583",
      trace("0200", 1),
      [[trace("0210", 1)], [iso("021000200000000000000000011234")]],
      "answer suspect",
    ],
    ["what nobody can read", "PROT=iso8583", iso("what?"), [[iso("")], [iso("that")]], "unsolicited answer"],
    ["what nobody can read, twice", "PROT=iso8583", iso("what?"), [[iso("that"), iso("more")]], "answer suspect"],
    ["a late keepalive behind that", "PROT=iso8583", iso("what?"), [[iso("that"), iso("")]], "answer unsolicited"],
    [
      "the answer of another module",
      "PROT=conbus",
      conbus("<S0020030837F02D00FA>"),
      [[conbus("<R0020044966F02D00FA>")]],
      "unsolicited",
    ],
    [
      "noise around the answer",
      "PROT=modbus-serial",
      serial(readPdu(1)),
      [[Buffer.of(0, 0xff), serial(registerPdu(5)), Buffer.of(0, 0)]],
      "unsolicited answer unsolicited",
    ],
    [
      "two answers of a serial line",
      "PROT=modbus-serial",
      serial(readPdu(1)),
      [[serial(registerPdu(5)), serial(registerPdu(5))]],
      "answer suspect",
    ],
    [
      "the echo of a read",
      "PROT=modbus-serial",
      serial(readPdu(1)),
      [[serial(readPdu(1))], [serial(registerPdu(5))]],
      "echo answer",
    ],
    [
      "the echo of a long write",
      "PROT=modbus-serial",
      serial(writeManyPdu(1, 2, 3)),
      [[serial(writeManyPdu(1, 2, 3))], [serial(writeManyPdu(1, 2, 3).subarray(0, 5))]],
      "echo answer",
    ],
    [
      "what may be the echo of a write",
      "PROT=modbus-serial",
      serial(writePdu(1, 2)),
      [[serial(writePdu(1, 2))]],
      "answer",
    ],
    [
      "the confirmation behind it",
      "PROT=modbus-serial",
      serial(writePdu(1, 2)),
      [[serial(writePdu(1, 2))], [serial(writePdu(1, 2))]],
      "answer echo",
    ],
    [
      "the echo of a write, as is known",
      "PROT=modbus-serial ECHO=strip",
      serial(writePdu(1, 2)),
      [[serial(writePdu(1, 2))], [serial(writePdu(1, 2))]],
      "echo answer",
    ],
    [
      "echoes that are none",
      "PROT=modbus-serial ECHO=off",
      serial(writePdu(1, 2)),
      [[serial(writePdu(1, 2))], [serial(writePdu(1, 2))]],
      "answer suspect",
    ],
    ["a line that comes back", "PROT=echo", text("a"), [[text("a")]], "answer"],
    [
      "a line that comes back, as is known",
      "PROT=echo ECHO=strip",
      text("a"),
      [[text("a")], [text("a")]],
      "echo answer",
    ],
  ];

describe("what a device says behind a request", () => {
  for (const [what, options, request, packets, kinds] of SAID) {
    test(`${options}: ${what}: ${kinds}`, () => {
      const { ask, say } = setUp(options);
      ask(request);
      assert.equal(packets.flatMap((packet) => say(...packet)).join(" "), kinds);
    });
  }
});

test("a refusal behind the echo of a write shows the echo, but not where reads do not come back", () => {
  const [write, refusal] = [serial(writePdu(1, 2)), serial(Buffer.of(0x86, 2))];
  const world = setUp("PROT=modbus-serial");
  world.ask(write);
  assert.deepEqual([world.say(write), world.say(refusal), world.habits.echoes], [["answer"], ["echo"], true]);
  world.ask(write);
  assert.deepEqual([world.say(write), world.say(refusal)], [["echo"], ["answer"]]);
  const other = setUp("PROT=modbus-serial");
  other.ask(serial(readPdu(1)));
  other.say(serial(registerPdu(5)));
  other.ask(write);
  assert.deepEqual([other.say(write), other.say(write), other.habits.echoes], [["answer"], ["suspect"], false]);
});

test("what was said before a request says nothing about the answer to it", () => {
  const { ask, say } = setUp("PROT=echo");
  ask(text("a"));
  assert.deepEqual(say(text("b")), ["answer"]);
  ask(text("c"));
  assert.deepEqual(say(text("b")), ["answer"], "the same answer to another request is no repetition");
});

/** A Modbus/TCP answer in the form of the request, changed. */
function answerTo({ bytes }: Awaiting, pdu: Buffer, change: { id?: number; unit?: number } = {}): Buffer {
  const { id, unit } = unwrap("modbus", bytes);
  return wrap("modbus", { id, unit, pdu, ...change });
}
const read = (unit: number, address: number): Buffer => wrap("modbus", { id: 0, unit, pdu: readPdu(address) });

test("an echo of Modbus/TCP shows itself by a read; then no echo confirms a write, until three reads have not come back", () => {
  const { habits, ask, say } = setUp("PROT=modbus");
  const first = ask(read(1, 1));
  assert.deepEqual(say(first.bytes), ["echo"]);
  assert.deepEqual(say(answerTo(first, registerPdu(5))), ["answer"]);
  const write = ask(wrap("modbus", { id: 0, unit: 1, pdu: writePdu(1, 2) }));
  assert.deepEqual([say(write.bytes), say(write.bytes)], [["echo"], ["answer"]]);
  for (const expected of [true, true, false]) {
    assert.deepEqual(say(answerTo(ask(read(1, 1)), registerPdu(5))), ["answer"]);
    assert.equal(habits.echoes, expected);
  }
});

const OWN: readonly (readonly [what: string, change: { id?: number; unit?: number }])[] = [
  ["an id of its own", { id: 0x7777 }],
  ["a unit of its own", { unit: 9 }],
  ["both", { id: 0x7777, unit: 9 }],
];
for (const [what, change] of OWN) {
  test(`${what} is held, taken when nothing better comes, and known from then on`, () => {
    const { matcher, habits, ask, say } = setUp("PROT=modbus PIPE=4");
    assert.deepEqual(say(answerTo(ask(read(3, 1)), registerPdu(5), change)), ["held"]);
    const match = matcher.settle();
    assert.ok(match?.kind === "answer");
    assert.match(match.learned ?? "", /^answers carry ids of their own: matched by order from now on$/);
    matcher.completed(match.to);
    assert.deepEqual(
      [habits.byOrder, matcher.limit, matcher.identifiedBy, matcher.settle()],
      [true, 1, "nothing", undefined],
    );
    const again = { ...change, ...(change.id !== undefined && { id: change.id + 1 }) };
    const second = ask(read(3, 2));
    assert.deepEqual(say(answerTo(second, registerPdu(6), again)), ["answer"]);
    assert.deepEqual(say(answerTo(second, registerPdu(6), again)), ["suspect"], "the last answer once more");
  });

  test(`${what} is none where something else may be due, or could tell`, () => {
    const refused = (prepare: (world: ReturnType<typeof setUp>) => void, options = "PROT=modbus PIPE=4"): void => {
      const world = setUp(options);
      prepare(world);
      const kinds = world.say(answerTo(world.ask(read(3, 1)), registerPdu(5), change));
      assert.ok(!kinds.includes("held") && !kinds.includes("answer"), kinds.join());
    };
    refused(() => {}, "PROT=modbus MATC=strict");
    refused(({ matcher, ask }) => matcher.abandoned(ask(read(3, 7))));
    refused(({ ask }) => void ask(read(3, 7)));
    refused(({ matcher }) => matcher.owed());
    refused(({ ask, say }) => {
      for (const n of [7, 8]) assert.deepEqual(say(answerTo(ask(read(3, n)), registerPdu(n))), ["answer"]);
    });
  });
}

test("another function, or another length, is none whatever its id", () => {
  const { ask, say } = setUp("PROT=modbus");
  const asked = ask(read(1, 1));
  for (const pdu of [Buffer.of(4, 2, 0, 5), Buffer.of(3, 4, 0, 5, 0, 6), Buffer.of(0x84, 2)]) {
    assert.deepEqual(say(answerTo(asked, pdu, { id: 0x7777 })), ["unsolicited"]);
  }
});

test("a second answer with another id makes the link suspect; the right one does not", () => {
  const { ask, say } = setUp("PROT=modbus");
  const asked = ask(read(1, 1));
  assert.deepEqual(say(answerTo(asked, registerPdu(5), { id: 0x7777 })), ["held"]);
  assert.deepEqual(say(answerTo(asked, registerPdu(6), { id: 0x7778 })), ["suspect"]);
  assert.deepEqual(say(answerTo(asked, registerPdu(7))), ["answer"]);
});

test("an id of an earlier request, on this link or the one before, is none of the device's own", () => {
  const habits = new DeviceHabits();
  const old = setUp("PROT=modbus", habits);
  const lost = old.ask(read(1, 1));
  old.matcher.clear();
  const { mux } = muxRoute("PROT=modbus");
  const matcher = new AnswerMatcher<Awaiting>(() => mux, habits, 5000);
  const [id, request] = [matcher.nextId(), requestOf(mux.protocol, read(1, 2))];
  matcher.sent({ id, request, bytes: mux.protocol.withId(request, id), isEchoed: false });
  const match = matcher.match({ kind: "frame", bytes: answerTo(lost, registerPdu(5)) });
  assert.equal(match.kind, "unsolicited");
});

test("several requests and a unit of its own: the link is made anew, whichever was answered", () => {
  for (const answered of [0, 1]) {
    const { matcher, ask, say } = setUp("PROT=modbus PIPE=4");
    const asked = [ask(read(3, 1)), ask(read(3, 2))][answered] ?? assert.fail();
    assert.deepEqual(say(answerTo(asked, registerPdu(5), { unit: 1 })), ["suspect"]);
    assert.deepEqual(
      [matcher.limit, matcher.identifiedBy],
      [1, "nothing"],
      "and a request that takes long keeps the link",
    );
  }
});

test("several requests and an id of its own: one by one until the ids have shown to be right", () => {
  const { matcher, ask, say } = setUp("PROT=modbus PIPE=4");
  const [first] = [ask(read(1, 1)), ask(read(1, 2))];
  assert.equal(matcher.limit, 4);
  assert.deepEqual(
    say(answerTo(first, registerPdu(5), { id: 0x7777 })),
    ["suspect"],
    "the reads go out again on a new link",
  );
  assert.equal(matcher.limit, 1);
  for (const n of [3, 4]) say(answerTo(ask(read(1, n)), registerPdu(n)));
  assert.equal(matcher.limit, 4);
});
