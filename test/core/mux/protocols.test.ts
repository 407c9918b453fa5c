import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpHead } from "#src/core/framing/framing.js";
import { MODBUS_FORMS } from "#src/core/mux/modbus-forms.js";
import type { Protocol, Request } from "#src/core/mux/protocol.js";
import { modbusProtocol } from "#src/core/mux/protocols/modbus-protocol.js";
import { findProtocol, PROTOCOLS } from "#src/core/mux/protocols/protocols.js";
import { telegram } from "../../support/protocols.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function protocol(name: string): Protocol {
  return findProtocol(name) ?? assert.fail(name);
}

/** A message of a client, cut by the framing of its protocol and understood. */
function understood(name: string, bytes: Buffer, writes: "pass" | "deny" | "ignore" = "pass") {
  const { framing, interpret } = protocol(name);
  let head: HttpHead | undefined;
  for (const cut of framing.requests().push(bytes)) {
    assert.notEqual(cut.kind, "junk");
    if (cut.kind !== "junk") head ??= cut.head;
  }
  return interpret(bytes, head, writes);
}

function request(name: string, bytes: Buffer): Request {
  const result = understood(name, bytes);
  if (result.kind !== "request") assert.fail(result.kind);
  return result.request;
}

test("every protocol has the framing of its name, and no two the same", () => {
  const names = PROTOCOLS.map(({ framing }) => framing.name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.equal(findProtocol(name.toUpperCase())?.framing.name, name);
});

const READ = hex("1234 0000 0006 01 03 006b 0003");

test("modbus: our id on the link, the client's in its answer", () => {
  const { withId, idOf, forClient, isAnswerTo } = protocol("modbus");
  const asked = request("modbus", READ);
  const sent = withId(asked, 0xbeef);
  assert.deepEqual(sent, hex("beef 0000 0006 01 03 006b 0003"));
  const answer = hex("beef 0000 0009 01 03 06 022b 0000 0064");
  assert.equal(idOf(answer), 0xbeef);
  assert.ok(isAnswerTo(answer, asked));
  assert.deepEqual(forClient({ kind: "frame", bytes: answer }, asked), hex("1234 0000 0009 01 03 06 022b 0000 0064"));
});

test("modbus: another unit's or another function's answer is none", () => {
  const { isAnswerTo } = protocol("modbus");
  const asked = request("modbus", READ);
  for (const [answer, right] of [
    ["beef 0000 0003 01 83 02", true],
    ["beef 0000 0003 02 83 02", false],
    ["beef 0000 0003 01 84 02", false],
    ["beef 0000 0005 01 04 02 0000", false],
  ] as const) {
    assert.equal(isAnswerTo(hex(answer), asked), right, answer);
  }
});

const exceptions: [name: string, request: string, answer: string][] = [
  ["modbus", "1234 0000 0006 01 03 006b 0003", "1234 0000 0003 01 83 0b"],
  ["modbus-rtu", "1234 0000 0008 01 03 006b 0003 7417", "1234 0000 0005 01 83 0b 00f7"],
  ["modbus-rtu", "1234 0000 0006 01 03 006b 0003 7417", "1234 0000 0003 01 83 0b 00f7"],
  ["modbus-serial", "01 03 006b 0003 7417", "01 83 0b 00f7"],
];
for (const [name, asked, answer] of exceptions) {
  test(`${name}: a timeout is told in the form of the request: ${answer}`, () => {
    assert.deepEqual(protocol(name).failureReply(request(name, hex(asked)), "no answer"), hex(answer));
  });
}

test("modbus: writes are refused, or answered as done, where that is wanted", () => {
  const write = hex("0007 0000 0006 11 06 0001 0003");
  assert.deepEqual(understood("modbus", write, "deny"), { kind: "answer", bytes: hex("0007 0000 0003 11 86 01") });
  assert.deepEqual(understood("modbus", write, "ignore"), { kind: "answer", bytes: write });
  const readWrite = hex("0007 0000 000d 11 17 0003 0006 000e 0001 02 00ff");
  assert.deepEqual(understood("modbus", readWrite, "ignore"), {
    kind: "answer",
    bytes: hex("0007 0000 0003 11 97 01"),
  });
  assert.equal(understood("modbus", READ, "deny").kind, "request");
});

test("modbus: identical reads have a key in common, whatever their ids; writes have none", () => {
  const other = Buffer.from(READ);
  other.writeUInt16BE(0xffff);
  assert.equal(request("modbus", READ).key, request("modbus", other).key);
  const unit = Buffer.from(READ);
  unit[6] = 2;
  assert.notEqual(request("modbus", READ).key, request("modbus", unit).key);
  assert.equal(request("modbus", hex("0007 0000 0006 11 06 0001 0003")).key, undefined);
});

test("modbus-serial: what is for all units has no answer", () => {
  assert.equal(request("modbus-serial", hex("00 06 0001 0003 99da")).oneWay, true);
  assert.equal(request("modbus-serial", hex("01 06 0001 0003 980b")).oneWay, undefined);
});

test("broadcast-unit: writes to it are confirmed, reads of it are as ever; without the option nothing changes", () => {
  for (const name of ["modbus", "modbus-rtu", "modbus-serial", "modbus-ascii"] as const) {
    const form = MODBUS_FORMS[name];
    const { interpret } = modbusProtocol(form, form, { broadcastUnit: 0 });
    const header = { id: 7, countsCrc: true };
    const confirmed = (unit: number, pdu: string): [boolean | undefined, string | undefined] => {
      const asked = interpret(form.wrap(unit, hex(pdu), header), undefined, "pass");
      if (asked.kind !== "request") assert.fail(asked.kind);
      const { oneWay, confirmation } = asked.request;
      return [oneWay, confirmation && form.unwrap(confirmation).pdu.toString("hex")];
    };
    assert.deepEqual(confirmed(0, "0600010003"), [true, "0600010003"], name);
    assert.deepEqual(confirmed(0, "1000010002040001 0002"), [true, "1000010002"], name);
    assert.deepEqual(confirmed(0, "4101"), [true, "c10b"], name);
    assert.deepEqual(confirmed(0, "0300010001"), [undefined, undefined], name);
    assert.deepEqual(confirmed(1, "0600010003"), [undefined, undefined], name);
  }
  assert.equal(request("modbus", hex("0007 0000 0006 00 06 0001 0003")).oneWay, undefined);
});

test("reads: functions of the vendor that only read pass read-only, and have a key", () => {
  const form = MODBUS_FORMS.modbus;
  const { interpret } = modbusProtocol(form, form, { reads: [65, 8] });
  for (const [pdu, passes] of [
    ["4101", true],
    ["0800010000", true],
    ["4201", false],
    ["0600010003", false],
  ] as const) {
    const asked = interpret(form.wrap(1, hex(pdu), { id: 1, countsCrc: true }), undefined, "deny");
    assert.equal(asked.kind, passes ? "request" : "answer", pdu);
    if (asked.kind === "request")
      assert.deepEqual([asked.request.reads, asked.request.key !== undefined], [true, true]);
  }
});

test("conbus: a reply has the serial number of the question, unless that was for all", () => {
  const { isAnswerTo, isEvent, hasManyAnswers } = protocol("conbus");
  const one = request("conbus", Buffer.from("<S0020030837F01D00FA>"));
  const all = request("conbus", Buffer.from("<S0000000000F01D00FA>"));
  const reply = Buffer.from("<R0020030837F01DFM>");
  assert.ok(isAnswerTo(reply, one) && isAnswerTo(reply, all));
  assert.ok(!isAnswerTo(Buffer.from("<R0020044966F01DFK>"), one));
  assert.ok(!isAnswerTo(Buffer.from("<E14L00I02MAK>"), one));
  assert.ok(isEvent?.(Buffer.from("<E14L00I02MAK>")));
  assert.deepEqual([hasManyAnswers?.(one), hasManyAnswers?.(all)], [false, true]);
});

test("conbus: reads of a datapoint of one module have a key, and nothing else has", () => {
  const read = telegram("S0020030837F02D12");
  const { key } = request("conbus", read);
  assert.ok(key !== undefined);
  assert.equal(request("conbus", telegram("S0020030837F02D12")).key, key);
  assert.notEqual(request("conbus", telegram("S0020030837F02D13")).key, key);
  assert.notEqual(request("conbus", telegram("S0020044966F02D12")).key, key);
  assert.equal(request("conbus", read).reads, true);
  for (const other of ["S0000000000F02D12", "S0000000000F01D00", "S0020030837F27D00AA", "S0020030837F04D1201"]) {
    const { key, reads } = request("conbus", telegram(other));
    assert.deepEqual([key, reads], [undefined, false], other);
  }
  assert.deepEqual(request("conbus", Buffer.from("<S0020030837F02D12AA>")).reads, false);
  const { reads, key: none } = request("conbus", telegram("S0020030837F02D000012"));
  assert.deepEqual([reads, none], [true, undefined], "a read, though nobody knows what of");
});

test("conbus: only a value is worth keeping", () => {
  const { isFailure } = protocol("conbus");
  assert.equal(isFailure?.(telegram("R0020030837F02D12+21,5")), false);
  assert.equal(isFailure?.(telegram("R0020030837F19D")), true);
  assert.equal(isFailure?.(Buffer.from("<R0020030837F02D12+21,5AA>")), true);
});

const http = (...lines: string[]): Buffer => Buffer.from([...lines, "", ""].join("\r\n"));

test("http: fields for one connection only stay on it", () => {
  const asked = request(
    "http",
    http("GET / HTTP/1.1", "Host: x", "Connection: close, X-Mine", "X-Mine: 1", "Keep-Alive: 5", "Accept: */*"),
  );
  assert.equal(String(asked.bytes), String(http("GET / HTTP/1.1", "Host: x", "Accept: */*")));
  assert.equal(asked.closesClient, true);
  assert.ok(asked.reads);
});

test("http: a body stays as it is, and Expect is not passed on", () => {
  const post = http("POST / HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 4");
  const asked = request("http", Buffer.concat([post, Buffer.from("\r\n\r\n")]));
  assert.equal(String(asked.bytes), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n");
  assert.equal(asked.reads, false);
  assert.equal(asked.closesClient, undefined);
});

test("http: failures are whole responses, without a body for HEAD", () => {
  const { failureReply } = protocol("http");
  const get = String(failureReply(request("http", http("GET / HTTP/1.1", "Host: x")), "no answer"));
  assert.match(get, /^HTTP\/1\.1 504 Gateway Timeout\r\n/);
  assert.match(get, /\r\n\r\nthe server did not answer in time\n$/);
  const head = String(failureReply(request("http", http("HEAD / HTTP/1.1", "Host: x")), "no path"));
  assert.match(head, /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*\r\n\r\n$/);
});

test("http: other protocols are answered 501, and their connection is closed", () => {
  for (const ask of [
    http("GET /chat HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"),
    http("CONNECT x:443 HTTP/1.1", "Host: x:443"),
  ]) {
    const result = understood("http", ask);
    assert.ok(result.kind === "error" && /^HTTP\/1\.1 501 .*\r\nConnection: close\r\n/s.test(String(result.bytes)));
  }
});
