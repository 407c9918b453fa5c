import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Protocol, Request } from "#src/core/mux/protocol.js";
import { findProtocol, protocolOfLine } from "#src/core/mux/protocols/protocols.js";
import { MODBUS_KINDS, type ModbusKind, unwrap, wrap } from "../../support/modbus.js";

/** The protocol of a line with these framings. */
function protocol(client: ModbusKind, deviceProtocol: ModbusKind, unitMap?: ReadonlyMap<number, number>): Protocol {
  const found = findProtocol(client);
  assert.ok(found);
  const line = protocolOfLine({ protocol: found, deviceProtocol, ...(unitMap && { unitMap }) }, undefined);
  return line.ok ? line.value : assert.fail(line.message);
}

/** What the mux makes of a client's message. It must be one for the framing, too. */
function request({ framing, interpret }: Protocol, message: Buffer): Request {
  const cuts = framing.requests().push(message);
  assert.deepEqual(
    cuts.map(({ kind, bytes }) => [kind, bytes.toString("hex")]),
    [["frame", message.toString("hex")]],
  );
  const found = interpret(message, undefined, "pass");
  return found.kind === "request" ? found.request : assert.fail(found.kind);
}

const unit = fc.nat(255);
const id = fc.nat(0xffff);
const data = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((list) => Buffer.from(list));
/** Reads of registers, with the answer to each or an exception. */
const exchange = fc
  .tuple(fc.constantFrom(3, 4), fc.nat(0xff00), fc.integer({ min: 1, max: 125 }))
  .chain(([code, at, count]) => {
    const asked = Buffer.from([code, at >> 8, at & 0xff, 0, count]);
    const values = data(2 * count).map((found) => Buffer.concat([Buffer.from([code, found.length]), found]));
    const exception = fc.nat(255).map((found) => Buffer.from([code | 0x80, found]));
    return fc.tuple(fc.constant(asked), fc.oneof(values, exception));
  });

for (const client of MODBUS_KINDS) {
  for (const device of MODBUS_KINDS) {
    test(`${client} to ${device}: unit and PDU arrive, the answer returns with the client's id and unit`, () => {
      const translated = protocol(
        client,
        device,
        new Map([
          [2, 1],
          [3, 0],
        ]),
      );
      fc.assert(
        fc.property(unit, id, id, exchange, (clientUnit, clientId, linkId, [asked, answered]) => {
          const found = request(translated, wrap(client, { id: clientId, unit: clientUnit, pdu: asked }));
          const sent = unwrap(device, translated.withId(found, linkId));
          const deviceUnit = { 2: 1, 3: 0 }[clientUnit] ?? clientUnit;
          assert.deepEqual([sent.unit, sent.pdu.toString("hex")], [deviceUnit, asked.toString("hex")]);

          const answer = wrap(device, { id: sent.id, unit: deviceUnit, pdu: answered });
          assert.equal(translated.hasIds ? translated.idOf(answer) : 0, sent.id);
          assert.ok(translated.isAnswerTo(answer, found));
          assert.ok(!translated.isAnswerTo(wrap(device, { id: sent.id, unit: deviceUnit ^ 1, pdu: answered }), found));
          const returned = unwrap(client, translated.forClient({ kind: "frame", bytes: answer }, found));
          assert.deepEqual([returned.unit, returned.pdu.toString("hex")], [clientUnit, answered.toString("hex")]);
          const hasIds = client === "modbus" || client === "modbus-rtu";
          assert.equal(returned.id, hasIds ? clientId : 0);
          assert.equal(translated.isFailure?.(answer), answered.readUInt8(0) > 0x80);

          const failure = unwrap(client, translated.failureReply(found, "no answer") ?? assert.fail());
          assert.deepEqual([failure.unit, ...failure.pdu], [clientUnit, asked.readUInt8(0) | 0x80, 0x0b]);
        }),
        { numRuns: 60 },
      );
    });
  }
}

test("clients that mean the same unit of the device share an answer, whatever unit they name", () => {
  const mapped = protocol("modbus", "modbus-serial", new Map([[2, 1]]));
  const key = (asked: number): string | undefined =>
    request(mapped, wrap("modbus", { id: asked, unit: asked, pdu: Buffer.from([3, 0, 0, 0, 1]) })).key;
  assert.ok(key(1) !== undefined);
  assert.equal(key(2), key(1));
  assert.notEqual(key(3), key(1));
});

test("modbus-ascii: a frame with a wrong LRC, without digits or too short is none; lower case and LF alone are taken", () => {
  const framing = protocol("modbus-ascii", "modbus").framing;
  const kinds = (text: string): string =>
    framing
      .requests()
      .push(Buffer.from(text))
      .map(({ kind }) => kind)
      .join(" ");
  assert.equal(kinds(":010300000001FB\r\n"), "frame");
  assert.equal(kinds(":010300000001fb\n"), "frame");
  for (const wrong of [":010300000001FC", ":01030000000FB", ":01030000000xFB", ":01FF", ":", "010300000001FB"]) {
    assert.equal(kinds(`${wrong}\r\n`), "junk", wrong);
  }
  assert.equal(kinds(":0103000:010300000001FB\r\n"), "junk frame", "a colon begins a frame anywhere");
});
