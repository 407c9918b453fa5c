import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteEvent, byteLineOf, readByteLine } from "#src/core/monitor/byte-event.js";
import { lineOf } from "#src/core/monitor/trace-event.js";

const TIME = "2026-03-02T14:32:15.123+01:00";
const STREAM = { connection: "1a2b", listener: 5020, client: "127.0.0.1:5555", server: "s:1", side: "client" } as const;

test("what a watcher of bytes is told is read back as it was", () => {
  const facts = {
    transport: "udp",
    from: "127.0.0.1:5555",
    to: "10.0.0.1:1",
    protocol: "modbus",
    lineEnd: "cr",
  } as const;
  const events: ByteEvent[] = [
    { kind: "open", joined: true, view: "modbus", ...facts },
    { kind: "open", joined: false, view: "hex", transport: "tcp", from: "", to: "" },
    { kind: "bytes", direction: "down", bytes: Buffer.from([0, 255, 10]) },
    { kind: "bytes", direction: "up", bytes: Buffer.alloc(0) },
    { kind: "end", direction: "up" },
    { kind: "connection", event: "DISCONNECT", text: "by client" },
  ];
  for (const event of events) {
    const line = byteLineOf(event, STREAM, TIME);
    assert.doesNotMatch(line, /\n/);
    assert.deepEqual(readByteLine(line, Date.parse), {
      kind: "event",
      epochMs: 1_772_458_335_123,
      stream: STREAM,
      event,
    });
  }
});

test("the lines about connections and gaps are those of other watchers", () => {
  const { side: _, ...source } = STREAM;
  const line = lineOf({ kind: "connection", source, event: "ERROR", text: "refused" }, TIME, ["json"]);
  const read = readByteLine(line, Date.parse);
  assert.deepEqual(read?.kind === "event" && read.event, { kind: "connection", event: "ERROR", text: "refused" });
  assert.deepEqual(readByteLine('{"notShown":3}', Date.parse), { kind: "gap", missing: 3 });
  for (const other of [
    "",
    "null",
    "7",
    "{}",
    "OK WTCH",
    '{"time":"never","bytes":"00"}',
    '{"time":"2026","event":"x"}',
  ]) {
    assert.equal(readByteLine(other, Date.parse), undefined, other);
  }
});
