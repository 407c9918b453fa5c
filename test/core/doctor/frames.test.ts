import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encode, findAnswers, type Question } from "#src/core/doctor/frames.js";
import { MODBUS_FORMS, type ModbusName } from "#src/core/mux/modbus-forms.js";
import { type ModbusKind, unwrap } from "../../support/modbus.js";

const NAMES = Object.keys(MODBUS_FORMS) as ModbusName[];
const QUESTION: Question = { id: 0x1234, unit: 7, code: 3, register: 0x0102, count: 5 };
const bytes = (min: number, max: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array));

test("a question is a read, in every framing", () => {
  for (const name of NAMES) {
    const { unit, pdu } = unwrap(name as ModbusKind, encode(name, QUESTION));
    assert.deepEqual([unit, pdu.toString("hex")], [7, "0301020005"], name);
  }
});

test("an answer is found between any bytes, with its id, unit and number of registers", () => {
  const answers = fc.record({
    name: fc.constantFrom(...NAMES),
    id: fc.integer({ min: 0, max: 0xffff }),
    unit: fc.integer({ min: 0, max: 255 }),
    values: bytes(1, 60).map((half) => Buffer.concat([half, half])), // an even number of bytes
    before: bytes(0, 40),
    behind: bytes(0, 40),
  });
  fc.assert(
    fc.property(answers, ({ name, id, unit, values, before, behind }) => {
      const answer = MODBUS_FORMS[name].wrap(unit, Buffer.concat([Buffer.of(3, values.length), values]), {
        id,
        countsCrc: true,
      });
      const found = findAnswers(name, Buffer.concat([before, answer, behind]), 3);
      const own = found.find(({ start }) => start === before.length);
      const masks = found.some(({ start, end }) => start < before.length && end > before.length); // chance looks like an answer
      if (own === undefined) return masks;
      assert.equal(own.unit, unit);
      assert.equal(own.id, MODBUS_FORMS[name].hasIds ? id : undefined);
      assert.deepEqual(own.content, { kind: "registers", count: values.length / 2 });
      return true;
    }),
  );
});

test("any bytes are searched without a fault, and answers do not overlap", () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), bytes(0, 300), (name, stream) => {
      let last = 0;
      for (const { start, end } of findAnswers(name, stream, 3)) {
        assert.ok(start >= last && end > start && end <= stream.length);
        last = end;
      }
    }),
  );
});

const FOUND: readonly [what: string, framing: ModbusName, hex: string, seen: string][] = [
  ["Modbus/TCP", "modbus", "1234 0000 0005 07 03 02 abcd", "modbus 1234 unit 7: 1 registers"],
  ["with CRC counted", "modbus", "1234 0000 0007 07 03 02 abcd 8ee1", "modbus-rtu 1234 unit 7: 1 registers"],
  ["with CRC uncounted", "modbus", "1234 0000 0005 07 03 02 abcd 8ee1", "modbus-rtu 1234 unit 7: 1 registers"],
  ["an exception", "modbus", "1234 0000 0003 07 83 02", "modbus 1234 unit 7: exception 2"],
  ["an exception that counts wrongly", "modbus", "1234 0000 0004 07 83 0b", "modbus 1234 unit 7: exception 11"],
  ["the length of the request", "modbus", "1234 0000 0006 07 03 02 abcd", "modbus 1234 unit 7: 1 registers"],
  ["a wrong CRC", "modbus-serial", "07 03 02 abcd 0000", ""],
  ["an echo", "modbus-serial", "07 03 0102 0005 2593", ""],
  ["another function", "modbus", "1234 0000 0005 07 04 02 abcd", ""],
  ["half an answer", "modbus", "1234 0000 0007 07 03 04 abcd", ""],
  ["another protocol id", "modbus", "1234 0001 0005 07 03 02 abcd", ""],
];
for (const [what, framing, hex, seen] of FOUND) {
  test(`${framing}, ${what}: ${seen || "no answer"}`, () => {
    const stream = Buffer.from(hex.replaceAll(" ", ""), "hex");
    const said = findAnswers(framing, stream, 3).map(({ framing, id, unit, content }) => {
      const words = content.kind === "exception" ? `exception ${content.code}` : `${content.count} registers`;
      return `${framing} ${id?.toString(16)} unit ${unit}: ${words}`;
    });
    assert.equal(said.join(), seen);
  });
}
