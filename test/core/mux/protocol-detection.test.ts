import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  detectProtocol,
  hintOf,
  type Side,
  wrongProtocolIn,
  wrongProtocolReply,
} from "#src/core/mux/protocol-detection.js";
import { FRAMINGS } from "../../support/framings.js";
import { MODBUS_KINDS, type ModbusKind, readPdu, unwrap, wrap } from "../../support/modbus.js";
import { answerPdu } from "../../support/modbus-device.js";
import { conbus, http, iso8583, mpu } from "../../support/protocols.js";
import { GENERATORS } from "../framing/samples.js";

const READ = readPdu(0, 2);
const request = (kind: ModbusKind, pdu = READ): Buffer => wrap(kind, { id: 1, unit: 1, pdu });
const answer = (kind: ModbusKind): Buffer => wrap(kind, { id: 1, unit: 1, pdu: answerPdu(1, READ) });
const RTU = "this looks like bare RTU frames: PROT=modbus-serial";
const TCP = "this looks like Modbus/TCP: PROT=modbus";
const CRC = "this looks like Modbus/TCP with a CRC: PROT=modbus-rtu";
const ASCII = "this looks like Modbus ASCII: PROT=modbus-ascii";
const HTTP = "this looks like HTTP: PROT=http";
const CONBUS = "this looks like Conbus telegrams: PROT=conbus";

function framing(name: string) {
  return FRAMINGS.find((kind) => kind.name === name) ?? assert.fail(name);
}

/** What is said of bytes that are no message of a protocol. */
function hint(own: string, bytes: Buffer, side: Side): string {
  const found = detectProtocol(bytes, side, own);
  return found === undefined ? "" : hintOf(found, side, own);
}

const first: [own: string, bytes: Buffer, said: string][] = [
  ["echo", request("modbus"), TCP],
  ["echo", request("modbus", readPdu(0, 10)), TCP],
  ["echo", request("modbus-serial"), RTU],
  ...[21, 22].map((unit): [string, Buffer, string] => [
    "echo",
    wrap("modbus-serial", { id: 1, unit, pdu: readPdu(0, 1) }),
    RTU,
  ]), // 15 03 00, as an alert of TLS
  ["iso8583", request("modbus"), TCP],
  ["iso8583", request("modbus-rtu"), CRC],
  ["iso8583", wrap("modbus", { id: 0, unit: 1, pdu: READ }), TCP],
  ["iso8583", wrap("modbus", { id: 10, unit: 1, pdu: READ }), TCP],
  ["iso8583", request("modbus-serial"), RTU],
  ["mpu", request("modbus-ascii"), ASCII],
  ["echo", request("modbus-ascii"), ""],
  ["echo", Buffer.from("STATUS 1\n"), ""],
  ["echo", Buffer.from("naïve\n"), ""],
  ["modbus", Buffer.concat([request("modbus"), request("modbus")]), ""],
  ["mpu", request("modbus"), TCP],
  ["mpu", iso8583.request(7, 1), "this looks like messages behind two bytes of length: PROT=iso8583"],
  ["conbus", request("modbus"), TCP],
  ["http", request("modbus"), TCP],
  ["modbus", request("modbus-serial"), RTU],
  ["modbus", request("modbus-serial", readPdu(7, 10)), RTU],
  ["modbus", request("modbus-rtu"), CRC],
  ["modbus", request("modbus-ascii"), ASCII],
  ["modbus", http.request(1, 1), HTTP],
  ["modbus", conbus.request(1, 1), CONBUS],
  ["modbus-rtu", request("modbus"), ""],
  ["modbus-rtu", request("modbus-serial"), RTU],
  ["modbus-serial", request("modbus"), TCP],
  ["modbus-serial", request("modbus-ascii"), ASCII],
  ["modbus-serial", http.request(1, 1), HTTP],
  ["modbus-ascii", request("modbus-serial"), RTU],
  ["modbus-ascii", request("modbus"), TCP],
  ["modbus", Buffer.from("16030100c8010000c4", "hex"), "this looks like TLS: LTLS=name"],
  ["http", Buffer.from("16030100c8010000c4", "hex"), "this looks like TLS: LTLS=name"],
];
for (const [own, bytes, said] of first) {
  test(`the first bytes of a client of ${own}: ${bytes.toString("hex", 0, 16)}: ${said}`, () => {
    const found = wrongProtocolIn(bytes, framing(own));
    assert.equal(found === undefined ? "" : hintOf(found, "clients", own), said);
  });
}

const late: [own: string, side: Side, bytes: Buffer, said: string][] = [
  ["echo", "clients", Buffer.from("STATUS\r"), "this looks like lines that end with CR: LEND=cr"],
  ["echo", "device", Buffer.from("OK\r"), "this looks like lines that end with CR: LEND=cr"],
  ["echo", "device", Buffer.from("OK\0"), "this looks like lines that end with a zero: LEND=nul"],
  ["echo", "device", Buffer.from("OK\r\n"), "this looks like lines of text: LEND=lf"],
  ["echo", "device", Buffer.from("OK"), ""],
  ["modbus-ascii", "clients", Buffer.from(":010300000001FA\r\n"), ""],
  ["echo", "device", Buffer.from("7f3041", "hex"), ""],
  ["echo", "device", answer("modbus"), TCP],
  ["modbus-rtu", "clients", request("modbus"), TCP],
  ["iso8583", "clients", mpu.request(7, 1), "this looks like messages behind four digits of length: PROT=mpu"],
  ["modbus", "device", Buffer.from("hello\r\n"), "this looks like lines of text: PROT=echo"],
  ["modbus", "device", Buffer.from("hello\r"), "this looks like lines that end with CR: PROT=echo LEND=cr"],
  ["modbus", "device", answer("modbus-serial"), "this looks like bare RTU frames: DPRO=modbus-serial"],
  ["modbus-serial", "device", answer("modbus"), "this looks like Modbus/TCP: DPRO=modbus"],
  ["modbus-serial", "device", answer("modbus-rtu"), "this looks like Modbus/TCP with a CRC: DPRO=modbus-rtu"],
  ["modbus-serial", "device", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), HTTP],
  ["http", "device", Buffer.from("150301000202 28".replace(" ", ""), "hex"), "this looks like TLS: PRTO=tls"],
  ["http", "device", Buffer.from("HTTP/1.1 200 OK\r\n"), ""],
  ["modbus", "device", answer("modbus"), ""],
];
for (const [own, side, bytes, said] of late) {
  test(`${side} of ${own} that send no message, but ${bytes.toString("hex", 0, 16)}: ${said || "nothing"}`, () => {
    assert.equal(hint(own, bytes, side), said);
  });
}

test("a wrong CRC or a wrong length is not another protocol", () => {
  const wrongCrc = Buffer.concat([request("modbus-rtu").subarray(0, -2), Buffer.of(0, 0)]);
  assert.equal(wrongProtocolIn(wrongCrc, framing("modbus-rtu")), undefined);
  const wrongLength = Buffer.concat([request("modbus"), Buffer.of(0, 0)]);
  wrongLength.writeUInt16BE(8, 4);
  for (const own of ["modbus-rtu", "modbus-serial"])
    assert.equal(wrongProtocolIn(wrongLength, framing(own)), undefined);
});

test("the beginning of a message is no other protocol, wherever it is cut", () => {
  for (const { name } of FRAMINGS) {
    const samples = GENERATORS[name]?.requests ?? assert.fail(name);
    fc.assert(
      fc.property(samples, fc.nat(), (list, place) => {
        const bytes = list.find(({ kind }) => kind === "frame")?.bytes;
        if (bytes === undefined || bytes.length < 2) return;
        const begun = bytes.subarray(0, 1 + (place % (bytes.length - 1)));
        assert.equal(wrongProtocolIn(begun, framing(name)), undefined, `${name}: ${begun.toString("hex")}`);
      }),
      { numRuns: 300 },
    );
  }
  for (let id = 0; id < 12; id += 1) {
    const message = wrap("modbus", { id, unit: 1, pdu: readPdu(1) });
    for (let end = 1; end < message.length; end += 1) {
      assert.equal(wrongProtocolIn(message.subarray(0, end), framing("modbus")), undefined, `id ${id}, ${end} bytes`);
    }
  }
});

test("lines that are not finished yet are no reason to close a client at once", () => {
  assert.equal(wrongProtocolIn(Buffer.from("STATUS\r"), framing("echo")), undefined);
  assert.equal(wrongProtocolIn(Buffer.from("GET / HTTP/1.1\r\nHost:"), framing("http")), undefined);
});

for (const kind of FRAMINGS) {
  const samples = GENERATORS[kind.name]?.requests ?? assert.fail(kind.name);
  test(`whole messages of ${kind.name} are no strangers there`, () => {
    fc.assert(
      fc.property(samples, (list) => {
        const frames = list.filter((sample) => sample.kind === "frame").map(({ bytes }) => bytes);
        const bytes = Buffer.concat(frames);
        if (kind.name === "echo" && /[^\t\n\r -~]/.test(bytes.toString("latin1"))) return;
        if (bytes.length > 0) assert.equal(wrongProtocolIn(bytes, kind), undefined, bytes.toString("hex"));
      }),
      { numRuns: 200 },
    );
  });
}

test("clients of Modbus and HTTP hear in their own words that they are wrong here", () => {
  for (const kind of MODBUS_KINDS) {
    const reply = wrongProtocolReply({ what: "", protocol: kind }, request(kind), "why") ?? assert.fail(kind);
    const { unit, pdu, id } = unwrap(kind, reply);
    assert.deepEqual([unit, ...pdu], [1, 0x83, 0x0a]);
    assert.equal(id, kind === "modbus" || kind === "modbus-rtu" ? 1 : 0);
  }
  const page = String(wrongProtocolReply({ what: "", protocol: "http" }, http.request(1, 1), "why"));
  assert.match(page, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\nwhy\n$/);
  assert.equal(wrongProtocolReply({ what: "", protocol: "echo" }, Buffer.from("x\n"), "why"), undefined);
});
