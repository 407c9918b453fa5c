import assert from "node:assert/strict";
import { test } from "node:test";
import type { FormatWord } from "#src/core/monitor/format.js";
import { gapLine, lineOf, type TraceEvent, type TraceSource } from "#src/core/monitor/trace-event.js";
import { modbusView } from "#src/core/monitor/views/modbus-view.js";

const SOURCE: TraceSource = {
  connection: "1a2b",
  listener: 10001,
  client: "127.0.0.1:5555",
  server: "10.0.3.162:10001",
};
const TIME = "14:32:15,123";
const decoded = { text: "system, function 01", parts: { type: "system", function: "01" } };
const passed = (fault?: string): TraceEvent => ({
  kind: "message",
  source: SOURCE,
  hop: "CLIENT→PROXY",
  message: { text: "<S>", view: "conbus", decoded, ...(fault !== undefined && { fault }) },
});

test("a message is a line as the specification has it, with what is asked for behind the label and behind the text", () => {
  const table: [FormatWord[], string | undefined, string][] = [
    [[], undefined, "[CLIENT→PROXY] <S>"],
    [["id"], undefined, "[CLIENT→PROXY] 1a2b <S>"],
    [["decode"], undefined, "[CLIENT→PROXY] <S> {system, function 01}"],
    [[], "checksum AB, FA is right", "[CLIENT→PROXY] <S> ✗ checksum AB, FA is right"],
    [["id", "decode"], "bad", "[CLIENT→PROXY] 1a2b <S> ✗ bad {system, function 01}"],
  ];
  for (const [format, fault, expected] of table)
    assert.equal(lineOf(passed(fault), TIME, format), `${TIME} ${expected}`);
  assert.equal(lineOf(passed(), TIME, ["audit"]), `${TIME} [CLIENT→PROXY] 1a2b 127.0.0.1:5555 <S>`);
  const skipped: TraceEvent = { kind: "skipped", source: SOURCE, bytes: 9 };
  assert.equal(lineOf(skipped, TIME, []), "… 9 bytes not looked at");
  assert.equal(lineOf(skipped, TIME, ["audit"]), `${TIME} 1a2b 127.0.0.1:5555 … 9 bytes not looked at`);
});

test("parts that the text of a message says already are not said again", () => {
  const pdu = Buffer.from("000100000006010300000002", "hex");
  const message = { bytes: pdu, note: "request" };
  const [rendering, parts] = [modbusView.render(message), modbusView.decode?.(message, "up")];
  assert.ok(parts !== undefined);
  const rendered = { ...rendering, view: "modbus", decoded: parts };
  const line = lineOf({ kind: "message", source: SOURCE, hop: "CLIENT→PROXY", message: rendered }, TIME, ["decode"]);
  assert.equal(line.match(/read holding registers/g)?.length, 1, line);
});

test("what becomes of a connection is a line that names its client", () => {
  const event: TraceEvent = { kind: "connection", source: SOURCE, event: "ERROR", text: "connection refused" };
  assert.equal(lineOf(event, TIME, []), `${TIME} [ERROR] 127.0.0.1:5555 connection refused`);
  assert.equal(lineOf(event, TIME, ["id"]), `${TIME} [ERROR] 1a2b 127.0.0.1:5555 connection refused`);
});

test("as JSON it has the same, member by member", () => {
  const time = "2026-11-21T14:32:15.123Z";
  const message = { time, direction: "CLIENT→PROXY", ...SOURCE, protocol: "conbus", message: "<S>" };
  assert.deepEqual(JSON.parse(lineOf(passed(), time, ["json"])), message);
  assert.deepEqual(JSON.parse(lineOf(passed("bad"), time, ["json", "decode"])), {
    ...message,
    fault: "bad",
    parts: decoded.parts,
  });
  const event: TraceEvent = { kind: "connection", source: SOURCE, event: "CONNECT", text: "to x" };
  assert.deepEqual(JSON.parse(lineOf(event, time, ["json"])), { time, event: "connect", ...SOURCE, text: "to x" });
});

test("nothing from outside drives a terminal or passes for another line, not in JSON either", () => {
  const data = "\x1b[31m\x9b31m\x7f\xad\u2028\n";
  const message = { text: "<E>", view: "conbus", decoded: { text: "", parts: { data } } };
  const line = lineOf({ kind: "message", source: SOURCE, hop: "CLIENT→PROXY", message }, TIME, ["json", "decode"]);
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.equal(JSON.parse(line).parts.data, data);
  assert.doesNotMatch(
    lineOf({ kind: "connection", source: SOURCE, event: "ERROR", text: data }, TIME, []),
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u,
  );
});

test("a gap says how many messages are missing, to people and to programs", () => {
  assert.equal(gapLine(120, [], TIME), "… 120 messages not shown");
  assert.deepEqual(JSON.parse(gapLine(120, ["json", "id"], TIME)), { notShown: 120 });
  assert.equal(gapLine(120, ["audit"], TIME), `${TIME} … 120 messages not shown`);
  assert.deepEqual(JSON.parse(gapLine(120, ["audit", "json"], TIME)), { time: TIME, notShown: 120 });
});

test("skipped bytes are counted, for people and for programs", () => {
  const event: TraceEvent = { kind: "skipped", source: SOURCE, bytes: 4096 };
  assert.equal(lineOf(event, TIME, ["id"]), "… 4096 bytes not looked at");
  assert.deepEqual(JSON.parse(lineOf(event, TIME, ["json"])), { time: TIME, ...SOURCE, notLookedAt: 4096 });
});
