import assert from "node:assert/strict";
import { test } from "node:test";
import { conbusView } from "#src/core/monitor/views/conbus-view.js";
import { hexView } from "#src/core/monitor/views/hex-view.js";
import { lineView } from "#src/core/monitor/views/line-view.js";
import { modbusView } from "#src/core/monitor/views/modbus-view.js";
import { findView, VIEWS, viewOfProtocol } from "#src/core/monitor/views/views.js";
import { PROTOCOLS } from "#src/core/mux/protocols/protocols.js";
import { bytes, cutAt } from "../../framing/run.js";
import { seenUp, texts, watch } from "../run.js";

const DISCOVERY = "<S0000000000F01D00FA>";
const REPLIES = ["<R0020030837F01DFM>", "<R0020044966F01DFK>"];

test("conbus: the telegrams of docs/monitor.md, each unchanged", () => {
  assert.deepEqual(texts(seenUp(conbusView, bytes(DISCOVERY, ...REPLIES))), [DISCOVERY, ...REPLIES]);
});

test("conbus: a stream cut at every byte position gives the same telegrams", () => {
  const telegrams = [DISCOVERY, "<R0020012521F02D18+26,0\xa7CIL>", "<E14L00I02MAK>", ...REPLIES];
  const stream = bytes(...telegrams);
  for (let at = 0; at <= stream.length; at += 1) {
    assert.deepEqual(texts(watch(conbusView, conbusView.createParsers().down, cutAt(stream, [at]), "down")), telegrams);
  }
});

test("conbus: wrong checksums, junk, escapes", () => {
  assert.deepEqual(texts(seenUp(conbusView, bytes("\r\n\t<S0000000000F01D00FB>\\\x00<><a\\\nCP><S00"))), [
    "\\r\\n\\t !! 3 bytes outside of < and >",
    "<S0000000000F01D00FB> !! checksum FB, FA is right",
    "\\\\\\x00 !! 2 bytes outside of < and >",
    "<> !! too short for a checksum",
    "<a\\\\\\nCP> !! checksum CP, DH is right",
    "<S00 !! the stream ended after 4 bytes of a telegram without >",
  ]);
});

const decodings: [telegram: string, text: string | undefined, parts?: object][] = [
  [
    DISCOVERY,
    "system, serial number 0000000000, function 01 (discovery), datapoint 00",
    {
      type: "system",
      serialNumber: "0000000000",
      function: "01",
      functionName: "discovery",
      datapoint: "00",
      checksum: "FA",
      checksumRight: true,
    },
  ],
  ["<R0020030837F01DFM>", "reply, serial number 0020030837, function 01 (discovery)"],
  [
    "<R0020012521F02D18+26,0\xa7CIL>",
    "reply, serial number 0020012521, function 02 (read datapoint), datapoint 18, data +26,0§C",
  ],
  ["<S0020044964F99D00\n\\XX>", "system, serial number 0020044964, function 99, datapoint 00, data \\n\\\\"],
  ["<E14L00I02MAK>", "event, module type 14, link 00, input 02, make"],
  ["<E14L00I02BAF>", "event, module type 14, link 00, input 02, break"],
  ["<X1AA>", "unknown, data X1", { type: "unknown", data: "X1", checksum: "AA", checksumRight: false }],
  ["<AA>", undefined],
];
for (const [telegram, text, parts] of decodings) {
  test(`conbus: ${JSON.stringify(telegram)} is ${text}`, () => {
    const decoded = conbusView.decode?.({ bytes: bytes(telegram) }, "up");
    assert.equal(decoded?.text, text);
    if (parts !== undefined) assert.deepEqual(decoded?.parts, parts);
    assert.equal(conbusView.decode?.({ bytes: bytes(telegram), junk: "why" }, "up"), undefined);
  });
}

test("line: each without its end", () => {
  assert.deepEqual(texts(seenUp(lineView, bytes("one\r\ntwo\n\n\r\n\ra\r\r\n\x1b\\\nrest\r"))), [
    "one",
    "two",
    "",
    "",
    "\\ra\\r",
    "\\x1b\\\\",
    "rest\\r !! the stream ended after 5 bytes of a line without LF",
  ]);
});

test("line: a long one is cut, one that is too long is junk", () => {
  const seen = watch(
    lineView,
    lineView.createParsers().up,
    [bytes("x".repeat(5000), "\n"), Buffer.alloc(70_000, "y")],
    "up",
  );
  assert.deepEqual(texts(seen), [
    `${"x".repeat(2048)}… (5000 bytes)`,
    `${"y".repeat(2048)}… (70000 bytes) !! line of more than 65536 bytes`,
  ]);
});

test("modbus: bytes and words, by direction", () => {
  const { up, down } = modbusView.createParsers();
  const message = bytes([0, 1, 0, 0, 0, 6, 17, 3, 0, 0, 0, 10]);
  const first = watch(modbusView, up, [message], "up");
  assert.deepEqual(texts(first), [
    "00 01 00 00 00 06 11 03 00 00 00 0a  unit 17, function 3 (read holding registers), address 0, count 10",
  ]);
  assert.equal(first[0]?.decoded, "unit 17, function 3 (read holding registers), address 0, count 10");
  const answers = bytes([0, 1, 0, 0, 0, 5, 17, 3, 2, 1, 2], [0, 2, 0, 0, 0, 3, 17, 0x83, 2]);
  assert.deepEqual(texts(watch(modbusView, down, [answers, bytes([0, 0, 0, 9, 9, 9])], "down")), [
    "00 01 00 00 00 05 11 03 02 01 02  unit 17, function 3 (read holding registers), byte count 2, values 258",
    "00 02 00 00 00 03 11 83 02  unit 17, function 3 (read holding registers), exception 2 (illegal data address)",
    "\\x00\\x00\\x00\\t\\t\\t !! MBAP protocol id 9: 0 is wanted",
  ]);
});

test("modbus: parts for programs", () => {
  const message = { bytes: bytes([1, 2, 0, 0, 0, 6, 17, 3, 0, 0, 0, 10]) };
  assert.deepEqual(modbusView.decode?.(message, "up")?.parts, {
    transaction: 258,
    unit: 17,
    function: 3,
    functionName: "read holding registers",
    address: 0,
    count: 10,
  });
  assert.equal(modbusView.decode?.({ ...message, junk: "why" }, "up"), undefined);
  assert.equal(modbusView.decode?.({ bytes: bytes([1, 2, 0]) }, "up"), undefined);
});

test("hex: rows of 16, the characters in one column", () => {
  const seen = watch(hexView, hexView.createParsers().up, [bytes(DISCOVERY), bytes("\x00\x7f\xff"), bytes()], "up");
  assert.deepEqual(texts(seen), [
    "3c 53 30 30 30 30 30 30 30 30 30 30 46 30 31 44  |<S0000000000F01D|",
    "30 30 46 41 3e                                   |00FA>|",
    "00 7f ff                                         |...|",
  ]);
});

test("views by name, in any case, and no other word", () => {
  assert.deepEqual(
    VIEWS.map(({ name }) => name),
    ["conbus", "line", "modbus", "http", "hex"],
  );
  for (const view of VIEWS) {
    assert.equal(findView(view.name), view);
    assert.equal(findView(view.name.toUpperCase()), view);
  }
  for (const name of ["", "conbu", "conbuſ", " hex", "hexx", "toString"]) assert.equal(findView(name), undefined, name);
});

test("views by protocol of a mux", () => {
  assert.deepEqual(
    PROTOCOLS.map(({ framing: { name } }) => [name, viewOfProtocol(name).name]),
    [
      ["echo", "line"],
      ["http", "http"],
      ["iso8583", "hex"],
      ["mpu", "hex"],
      ["modbus", "modbus"],
      ["modbus-rtu", "hex"],
      ["modbus-serial", "hex"],
      ["modbus-ascii", "line"],
      ["solarman", "hex"],
      ["conbus", "conbus"],
      ["raw", "hex"],
    ],
  );
});
