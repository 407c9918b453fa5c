import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRecordArguments } from "#src/cli/record-arguments.js";
import { parseReplayArguments } from "#src/cli/replay-arguments.js";

const words = (line: string): string[] => line.split(" ").filter(Boolean);

test("record: a file, which connections of which daemon, limits and masks", () => {
  const table: [string, object][] = [
    ["a.rec", { path: "a.rec", command: "WTCH BYTE=hex", maxMs: 3_600_000, maxBytes: 16_777_216 }],
    [
      "- hub:2505 5020 --time 90s --size 1",
      { path: "-", command: "WTCH 5020 BYTE=hex", maxMs: 90_000, maxBytes: 1_048_576 },
    ],
    ["a.rec 1a1fe175822", { command: "WTCH 1a1fe175822 BYTE=hex", left: "server" }],
    ["a.rec 5020 --as modbus-serial", { left: "client", command: "WTCH 5020 BYTE=hex", protocol: "modbus-serial" }],
  ];
  for (const [line, expected] of table) {
    const parsed = parseRecordArguments(words(line));
    assert.ok(parsed.ok && parsed.value.kind === "record", parsed.ok ? "" : parsed.message);
    assert.deepEqual({ ...parsed.value, ...expected }, parsed.value, line);
  }
  const masked = parseRecordArguments(words("a.rec --mask passwords --mask registers:1-2 --mask=hex:0a"));
  assert.ok(masked.ok && masked.value.kind === "record");
  assert.deepEqual(
    masked.value.rules.slice(-3).map(({ kind }) => kind), // those of passwords are several
    ["bytes", "registers", "bytes"],
  );
});

test("replay: a file and where to listen, on this machine unless an address says more", () => {
  const table: [string, object][] = [
    ["a.rec --listen 5020", { path: "a.rec", listen: { host: "127.0.0.1", port: 5020 }, timing: false }],
    [
      "a.rec -l 0.0.0.0:5020 --timing --device m:502",
      { listen: { host: "0.0.0.0", port: 5020 }, timing: true, device: "m:502" },
    ],
  ];
  for (const [line, expected] of table) {
    const parsed = parseReplayArguments(words(line));
    assert.ok(parsed.ok && parsed.value.kind === "replay", parsed.ok ? "" : parsed.message);
    assert.deepEqual({ ...parsed.value, ...expected }, parsed.value, line);
  }
});

test("what is wrong is named", () => {
  const table: [typeof parseRecordArguments | typeof parseReplayArguments, string, RegExp][] = [
    [parseRecordArguments, "", /a file is wanted/],
    [parseRecordArguments, "a 1 2 3", /unexpected argument "3"/],
    [parseRecordArguments, "a --size 0", /bad --size "0"/],
    [parseRecordArguments, "a --time soon", /bad --time "soon"/],
    [parseRecordArguments, "a --as morse", /bad --as "morse"/],
    [parseRecordArguments, "a --mask /(/", /bad --mask/],
    [parseRecordArguments, "a --mask=", /bad --mask/],
    [parseReplayArguments, "--listen 1", /a file is wanted/],
    [parseReplayArguments, "a", /--listen: one port is wanted/],
    [parseReplayArguments, "a --listen x", /bad --listen "x"/],
    [parseReplayArguments, "a b --listen 1", /unexpected argument "b"/],
    [parseReplayArguments, "a --listen 1 --device=", /--device/],
  ];
  for (const [parse, line, message] of table) {
    const parsed = parse(words(line));
    assert.ok(!parsed.ok, line);
    assert.match(parsed.message, message);
  }
});
