import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ability } from "#src/core/tunnel/abilities.js";
import { commandOf, frameOf, type SendableCommand } from "#src/core/tunnel/frames.js";

const ID = "000102030405060708090a0b0c0d0e0f";

const table: [SendableCommand, string][] = [
  [{ kind: "listen" }, "00000400"],
  [{ kind: "close", client: 7 }, "00000207"],
  [{ kind: "data", client: 255, bytes: Buffer.from("hi") }, "000203ff6869"],
  [{ kind: "data", client: 0, bytes: Buffer.alloc(0) }, "00000300"],
  [{ kind: "connect", client: 1, host: "10.0.0.1", port: 23 }, `000c0101${"0008"}${"31302e302e302e31"}${"0017"}`],
  [{ kind: "secret", bytes: Buffer.from("s") }, "0001050073"],
  [{ kind: "ping" }, "00000600"],
  [{ kind: "pong" }, "00000700"],
  [{ kind: "pause", client: 9 }, "00000809"],
  [{ kind: "resume", client: 255 }, "000009ff"],
  [{ kind: "fin", client: 3 }, "00000b03"],
  [{ kind: "credit", client: 3, bytes: 262_144 }, "00040c0300040000"],
  [{ kind: "reset", client: 3 }, "00000f03"],
  [{ kind: "hello", abilities: new Set() }, "00000a00"],
  [{ kind: "hello", abilities: new Set<Ability>(["fin", "credit"]) }, "000a0a0066696e20637265646974"],
  [{ kind: "hello", abilities: new Set<Ability>(["bye"]), instance: "a-1" }, "000a0a006279652069643d612d31"],
  [{ kind: "name", name: "barn" }, "00040d006261726e"],
  [{ kind: "bye", reason: "replaced", text: "ok" }, "00030e00016f6b"],
  [{ kind: "bye", reason: "secret", text: "" }, "00010e0002"],
  [{ kind: "bye", reason: "unknown", text: "?" }, "00020e00003f"],
  [{ kind: "acknowledge", offset: 0x1_0000_0002 }, "000810000000000100000002"],
  [
    { kind: "session", id: Buffer.from(ID, "hex"), received: 258, resumeMs: 30_000 },
    `001c1100${ID}${"0000000000000102"}${"00007530"}`,
  ],
  [{ kind: "no-session" }, "00001100"],
];
for (const [command, hex] of table) {
  test(`${command.kind} is ${hex}, and is read as such`, () => {
    const frame = frameOf(command);
    assert.equal(frame.toString("hex"), hex);
    assert.deepEqual(commandOf(frame), command);
  });
}

const MALFORMED = [
  "00000000",
  "0000ff00",
  "0001ff0000",
  "00000100",
  "00030c03000000",
  "0001010000",
  "0004010000083130",
];
const MALFORMED_SESSIONS = ["000710000000000000000", `001b1100${ID}${"0000000000000102"}${"000075"}`];
const HUGE_OFFSETS = ["00081000ffffffffffffffff", `001c1100${ID}${"ffffffffffffffff"}${"00007530"}`];

test("unknown commands and truncated ones are skipped, and offsets that no link reaches", () => {
  for (const hex of [...MALFORMED, ...MALFORMED_SESSIONS, ...HUGE_OFFSETS]) {
    assert.equal(commandOf(Buffer.from(hex, "hex")).kind, "unknown", hex);
  }
});

test("BYE without a reason, of a newer program, or with a long text", () => {
  assert.deepEqual(commandOf(Buffer.from("00000e00", "hex")), { kind: "bye", reason: "unknown", text: "" });
  assert.deepEqual(commandOf(Buffer.from("00020e00ff21", "hex")), { kind: "bye", reason: "unknown", text: "!" });
  const long = commandOf(frameOf({ kind: "bye", reason: "secret", text: "x".repeat(1000) }));
  assert.ok(long.kind === "bye" && long.text === "x".repeat(200));
});

test("payloads of commands without one, and bytes behind the port of a CONNECT, are ignored", () => {
  assert.deepEqual(commandOf(Buffer.from("00020207ffff", "hex")), { kind: "close", client: 7 });
  assert.deepEqual(commandOf(Buffer.from("00010400ff", "hex")), { kind: "listen" });
  const surplus = Buffer.from("0006010100016800170102".slice(0, 20), "hex");
  assert.deepEqual(commandOf(surplus), { kind: "connect", client: 1, host: "h", port: 23 });
});
