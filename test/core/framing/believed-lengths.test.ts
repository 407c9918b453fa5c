// Answers whose MBAP length is wrong: what their requests ask for is believed.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Cut, Framing } from "#src/core/framing/framing.js";
import { modbusFraming } from "#src/core/framing/modbus-framing.js";
import { modbusRtuFraming } from "#src/core/framing/modbus-rtu-framing.js";
import { readPdu, words, wrap, writeManyPdu, writePdu } from "../../support/modbus.js";
import { answerPdu } from "../../support/modbus-device.js";
import { cutAt } from "./run.js";

type Kind = "modbus" | "modbus-rtu";
const FRAMINGS = { modbus: modbusFraming, "modbus-rtu": modbusRtuFraming };
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** A message with another length in its header. */
function declaring(message: Buffer, length: number): Buffer {
  const wrong = Buffer.from(message);
  wrong.writeUInt16BE(length, 4);
  return wrong;
}

/** The framing of a link that these requests went out on. */
function answersTo(kind: Kind, requests: readonly Buffer[]): Framing {
  const framing = FRAMINGS[kind].answers();
  for (const request of requests) framing.expect?.(request);
  return framing;
}

/** The messages, in hex, when nothing more comes; harmless junk is left out, other junk is not. */
function messages(framing: Framing, chunks: readonly Buffer[]): string[] {
  const cuts: Cut[] = chunks.flatMap((chunk) => [...framing.push(Buffer.from(chunk))]);
  cuts.push(...(framing.settle?.() ?? []));
  return cuts.flatMap((cut) => {
    if (cut.kind !== "junk") return cut.bytes.toString("hex");
    return cut.harmless ? [] : `junk: ${cut.reason}`;
  });
}

test("modbus: an exception is there with its last byte, whatever its length says", () => {
  for (const length of [0, 1, 2, 3, 4, 6, 255, 256, 0xffff]) {
    const answer = hex(`0001 0000 ${length.toString(16).padStart(4, "0")} 01 83 03`);
    const next = wrap("modbus", { id: 2, unit: 1, pdu: words(6, 1, 2) });
    const framing = answersTo("modbus", [wrap("modbus", { id: 1, unit: 1, pdu: readPdu(0, 2) })]);
    assert.deepEqual(messages(framing, [answer]), [answer.toString("hex")], `length ${length}`);
    assert.deepEqual(messages(framing, [next]), [next.toString("hex")], `behind length ${length}`);
  }
});

test("modbus: a function code from 0x80 on has no exception: its length counts", () => {
  const framing = answersTo("modbus", [hex("0001 0000 0004 01 90 0102")]);
  const answer = hex("0001 0000 0006 01 90 0102 0304");
  assert.deepEqual(messages(framing, [answer]), [answer.toString("hex")]);
});

test("modbus: an answer that ends where its header says is no longer one, when the next answer follows", () => {
  const requests = [1, 2].map((id) => wrap("modbus", { id, unit: 1, pdu: readPdu(0, 9) }));
  const short = hex("0001 0000 0009 01 03 12 0001 0002 0003");
  const next = wrap("modbus", { id: 2, unit: 1, pdu: answerPdu(1, readPdu(0, 9)) });
  const both = Buffer.concat([short, next]);
  for (const chunks of [[both], cutAt(both, [short.length]), cutAt(both, [...both.keys()])]) {
    const found = messages(answersTo("modbus", requests), chunks);
    assert.deepEqual(found, [short.toString("hex"), next.toString("hex")]);
  }
});

test("modbus: an echo of the request is no answer, though it begins like one", () => {
  for (const pdu of [readPdu(0x0200), writeManyPdu(1, 2, 3), words(15, 1, 3).fill(0, 5)]) {
    const request = wrap("modbus", { id: 1, unit: 1, pdu });
    for (const chunks of [[request], cutAt(request, [...request.keys()])]) {
      assert.deepEqual(messages(answersTo("modbus", [request]), chunks), [request.toString("hex")]);
    }
  }
});

test("an echo is whole, and the answer behind it, though the echo begins like a longer answer", () => {
  for (const kind of ["modbus", "modbus-rtu"] as const) {
    for (const pdu of [readPdu(0x0426, 2), readPdu(0x5007, 40)]) {
      const request = wrap(kind, { id: 1, unit: 1, pdu });
      const answer = wrap(kind, { id: 1, unit: 1, pdu: answerPdu(1, pdu) });
      const both = Buffer.concat([request, answer]);
      for (const chunks of [[both], cutAt(both, [request.length]), cutAt(both, [...both.keys()])]) {
        const found = messages(answersTo(kind, [request]), chunks);
        assert.deepEqual(found, [request.toString("hex"), answer.toString("hex")], kind);
      }
    }
  }
});

test("modbus: what begins like an echo is the answer when nothing more comes, or when what comes is no echo", () => {
  for (const pdu of [readPdu(0x0200), writeManyPdu(1, 2, 3)]) {
    const request = wrap("modbus", { id: 1, unit: 1, pdu });
    const length = pdu.readUInt8(0) === 3 ? 11 : 12;
    const answer = request.subarray(0, length); // with the length of the request
    const framing = answersTo("modbus", [request]);
    assert.deepEqual(framing.push(answer), []);
    assert.equal(framing.settles, true);
    assert.deepEqual(
      framing.settle?.().map(({ bytes }) => bytes.toString("hex")),
      [answer.toString("hex")],
    );
    assert.deepEqual([framing.settles, framing.held], [false, 0]);

    const next = wrap("modbus", { id: 2, unit: 1, pdu: Buffer.of(0x83, 2) });
    assert.deepEqual(
      messages(answersTo("modbus", [request]), [answer, next]),
      [answer, next].map((bytes) => bytes.toString("hex")),
    );
    const atEnd = answersTo("modbus", [request]);
    atEnd.push(answer);
    assert.deepEqual(
      atEnd.end().map(({ kind }) => kind),
      ["frame"],
    );
  }
});

test("modbus: an answer of another shape than its request asks for has the length of its header", () => {
  const answer = hex("0001 0000 0005 01 03 04 0001"); // a byte count of 4, two bytes, one register asked for
  const framing = answersTo("modbus", [wrap("modbus", { id: 1, unit: 1, pdu: readPdu(0, 1) })]);
  assert.deepEqual(messages(framing, [answer]), [answer.toString("hex")]);
});

const request = fc.oneof(
  fc.integer({ min: 1, max: 125 }).map((count) => readPdu(7, count)),
  fc.integer({ min: 1, max: 500 }).map((count) => words(1, 7, count)),
  fc.constant(writePdu(1, 2)),
  fc.constant(writeManyPdu(1, 2, 3)),
  fc.constant(words(9, 1, 2)), // answered by an exception
);
/** What the header says: so many bytes too few or too many; whether the bytes too many are there. */
const fault = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.boolean());

for (const kind of ["modbus", "modbus-rtu"] as const) {
  test(`law: ${kind}: answers are found whatever their headers say, in whatever chunks, pipelined or not`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(request, fault), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (list, places) => {
          const requests = list.map(([pdu], index) => wrap(kind, { id: 0x4a10 + index, unit: 1, pdu }));
          const answers = list.map(([pdu, [off, padded]], index) => {
            const right = wrap(kind, { id: 0x4a10 + index, unit: 1, pdu: answerPdu(1, pdu) });
            const length = Math.min(255, Math.max(0, right.length - 6 + off));
            const padding = padded && right.length - 6 < length ? length - (right.length - 6) : 0;
            return { message: declaring(right, length), padding: Buffer.alloc(padding, 0xee) };
          });
          const stream = Buffer.concat(answers.flatMap(({ message, padding }) => [message, padding]));
          const expected = answers.map(({ message }) => message.toString("hex"));
          for (const chunks of [[stream], cutAt(stream, places), cutAt(stream, [...stream.keys()])]) {
            assert.deepEqual(messages(answersTo(kind, requests), chunks), expected);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
}

test("modbus-rtu: the CRC of a request is judged where its function code puts it", () => {
  const right = wrap("modbus-rtu", { id: 1, unit: 1, pdu: readPdu(1) });
  const uncounted = declaring(right, 6);
  for (const message of [right, uncounted]) {
    assert.deepEqual(messages(modbusRtuFraming.requests(), [message]), [message.toString("hex")]);
    const wrong = Buffer.from(message);
    wrong.writeUInt8(wrong.readUInt8(13) ^ 1, 13);
    const [found, ...more] = messages(modbusRtuFraming.requests(), [wrong]);
    assert.match(found ?? "", /^junk: CRC .* is wrong/);
    assert.deepEqual(more, []);
  }
});
