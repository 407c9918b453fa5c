import assert from "node:assert/strict";
import { test } from "node:test";
import type { Protocol, Request } from "#src/core/mux/protocol.js";
import { findProtocol, protocolOfLine } from "#src/core/mux/protocols/protocols.js";
import { readPdu, unwrap, wrap, writePdu } from "../../support/modbus.js";
import { answerPdu } from "../../support/modbus-device.js";
import { heartbeat, refusal, solarman, solarmanFrame, solarmanRequest } from "../../support/solarman.js";

const protocol = findProtocol("solarman") ?? assert.fail();
const READ = solarmanRequest(3, readPdu(7, 2), 0x97);

function request(message: Buffer, by: Protocol = protocol): Request {
  const found = by.interpret(message, undefined, "pass");
  return found.kind === "request" ? found.request : assert.fail(found.kind);
}

test("solarman: our sequence number on the link, the client's in its answer; nothing else changes", () => {
  const asked = request(READ);
  const sent = protocol.withId(asked, 0x21);
  assert.deepEqual(sent, solarmanRequest(3, readPdu(7, 2), 0x21));
  const answer = solarman.answer(sent);
  assert.equal(protocol.idOf(answer), 0x21);
  assert.ok(protocol.isAnswerTo(answer, asked));
  const expected = Buffer.from(answer);
  expected.writeUInt8(0x97, 5);
  expected.writeUInt8((answer.readUInt8(answer.length - 2) + 0x97 - 0x21) & 0xff, answer.length - 2);
  assert.deepEqual(protocol.forClient({ kind: "frame", bytes: answer }, asked), expected);
});

test("solarman: a frame from a real log is understood", () => {
  const real = Buffer.from(
    "a515001015976caa4c2c8e0201b6a60f001b2700005376076301030201 0a39d3ed15".replaceAll(" ", ""),
    "hex",
  );
  const asked = request(
    Buffer.from("a5170010459700aa4c2c8e02000000000000000000000000000001 0300aa0001a42a3215".replaceAll(" ", ""), "hex"),
  );
  assert.deepEqual([asked.reads, asked.modbus?.unit], [true, 1]);
  assert.ok(protocol.isAnswerTo(real, asked));
});

test("solarman: frames from real logs are whole: request, answer, heartbeat, error code", () => {
  const frames = [
    "a5170010459700aa4c2c8e020000000000000000000000000000010300aa0001a42a3215",
    "a515001015976caa4c2c8e0201b6a60f001b27000053760763010302010a39d3ed15",
    "a501001047976daa4c2c8e000c15",
    "a5100010156330970b4d7d0201ef14f1043f02000024fcf3630500eb15",
  ];
  const cuts = protocol.deviceFraming.answers().push(Buffer.from(frames.join(""), "hex"));
  assert.deepEqual(
    cuts.map(({ kind, bytes }) => [kind, bytes.toString("hex")]),
    frames.map((frame) => ["frame", frame]),
  );
});

test("solarman: heartbeats, other units and other functions are no answers; an error code is one, and a failure", () => {
  const asked = request(READ);
  const other = (unit: number, pdu: Buffer): Buffer => solarman.answer(solarmanRequest(unit, pdu, 1));
  for (const wrong of [heartbeat, other(4, readPdu(7, 2)), other(3, writePdu(7, 2)), other(3, readPdu(7, 3))]) {
    assert.ok(!protocol.isAnswerTo(wrong, asked));
  }
  assert.ok(protocol.isAnswerTo(refusal(READ), asked));
  assert.equal(protocol.isFailure?.(refusal(READ)), true);
  assert.equal(protocol.isFailure?.(solarman.answer(READ)), false);
});

test("solarman: bytes behind the RTU frame, as some loggers send them, do not matter", () => {
  const answer = solarman.answer(READ);
  const padded = solarmanFrame(0x15, 0x97, Buffer.concat([answer.subarray(11, -2), Buffer.alloc(2)]));
  assert.ok(protocol.isAnswerTo(padded, request(READ)));
});

test("solarman: writes are refused, failures told and identical reads shared as in Modbus", () => {
  const write = solarmanRequest(3, writePdu(1, 2), 5);
  const refused = protocol.interpret(write, undefined, "deny");
  assert.equal(refused.kind, "answer");
  const failed = protocol.failureReply(request(READ), "no answer") ?? assert.fail();
  assert.equal(failed.subarray(25, -4).toString("hex"), "03830b");
  assert.equal(failed.readUInt8(5), 0x97);
  assert.equal(request(READ).key, request(solarmanRequest(3, readPdu(7, 2), 8)).key);
  assert.equal(protocol.interpret(heartbeat, undefined, "pass").kind, "answer", "the device sees nothing of it");
});

test("solarman clients reach a Modbus device of any framing", () => {
  const line = protocolOfLine({ protocol, deviceProtocol: "modbus" }, undefined);
  const translated = line.ok ? line.value : assert.fail(line.message);
  const asked = request(READ, translated);
  const { unit, pdu, id } = unwrap("modbus", translated.withId(asked, 777));
  assert.deepEqual([unit, pdu, id], [3, readPdu(7, 2), 777]);
  const answer = wrap("modbus", { id, unit, pdu: answerPdu(unit, pdu) });
  const returned = translated.forClient({ kind: "frame", bytes: answer }, asked);
  assert.ok(protocol.isAnswerTo(returned, request(READ)));
  assert.deepEqual(returned.subarray(25, -4).subarray(1), answerPdu(3, readPdu(7, 2)));
});
