import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_MUX_OPTIONS, type MuxOptions } from "#src/core/mux/mux-options.js";
import { findProtocol } from "#src/core/mux/protocols/protocols.js";
import { parseWriteRule } from "#src/core/mux/write-rule.js";
import type { MuxLog } from "#src/mux/mux-log.js";
import { WriteGuard } from "#src/mux/write-guard.js";
import { ManualClock } from "../support/clock.js";
import { readPdu, wrap, writePdu } from "../support/modbus.js";
import { TestMuxClient } from "../support/mux-parts.js";

const MODBUS = findProtocol("modbus") ?? assert.fail();

function guardWith(options: Partial<MuxOptions>) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = { info: (text: string) => void lines.push(text) } as unknown as MuxLog;
  const guard = new WriteGuard({
    clock,
    log,
    options: () => ({ ...DEFAULT_MUX_OPTIONS, protocol: MODBUS, ...options }),
  });
  const client = () => new TestMuxClient(MODBUS, clock).client;
  /** What the client gets from the mux itself: a PDU in hex; "passes" where the device gets the request. */
  const ask = (who: ReturnType<typeof client>, pdu: Buffer): string => {
    const asked = MODBUS.interpret(wrap("modbus", { id: 7, unit: 1, pdu }), undefined, "pass");
    const checked = guard.check(who, asked);
    return checked.kind === "answer" ? checked.bytes.toString("hex", 7) : "passes";
  };
  return { clock, lines, client, ask };
}

const write = writePdu(100, 5);

test("without rules and without a lock nothing is looked at", () => {
  const { lines, client, ask } = guardWith({});
  assert.equal(ask(client(), write), "passes");
  assert.deepEqual(lines, []);
});

test("every write has its line in the log: who, what, and whether it was allowed", () => {
  const rule = parseWriteRule("holding 100");
  const { lines, client, ask } = guardWith({ otherWrites: "deny", allowedWrites: rule.ok ? [rule.value] : [] });
  const who = client();
  assert.deepEqual([ask(who, write), ask(who, writePdu(101, 5)), ask(who, readPdu(1))], ["passes", "8602", "passes"]);
  const name = `${who.origin.address} (7f)`;
  assert.deepEqual(lines, [
    `write by ${name}: unit 1 holding 100 = 5: allowed`,
    `write by ${name}: unit 1 holding 101 = 5: refused with exception 2: no rule for holding 101`,
  ]);
});

test("a read with bytes behind it does not smuggle a write past the rules", () => {
  const { client, ask } = guardWith({ otherWrites: "deny" });
  const behind = wrap("modbus", { id: 8, unit: 1, pdu: write });
  assert.equal(ask(client(), Buffer.concat([readPdu(1), behind])), "8303");
  const identify = Buffer.of(43, 14, 1, 0);
  assert.equal(ask(client(), identify), "passes");
  assert.equal(ask(client(), Buffer.concat([identify, behind])), "ab03");
});

test("writes=allow lets everything pass, and tells it", () => {
  const { lines, client, ask } = guardWith({ otherWrites: "allow" });
  assert.equal(ask(client(), write), "passes");
  assert.equal(lines.length, 1);
});

test("the first writer keeps the others from writing until it has not written for so long", () => {
  const { clock, lines, client, ask } = guardWith({ writerLockMs: 30_000 });
  const [first, second] = [client(), client()];
  assert.equal(ask(first, write), "passes");
  assert.equal(ask(second, write), "8606");
  assert.match(lines.at(-1) ?? "", /refused with exception 6: it is \S+ \(7f\) who writes$/);
  clock.advance(29_999);
  assert.equal(ask(first, write), "passes");
  clock.advance(29_999);
  assert.equal(ask(second, write), "8606");
  assert.equal(ask(second, readPdu(1)), "passes");
  clock.advance(1);
  assert.equal(ask(second, write), "passes");
  assert.equal(ask(first, write), "8606");
});

test("a writer that leaves makes room; a refused write takes no lock", () => {
  const rule = parseWriteRule("holding 100");
  const { client, ask } = guardWith({
    otherWrites: "deny",
    allowedWrites: rule.ok ? [rule.value] : [],
    writerLockMs: 30_000,
  });
  const [first, second] = [client(), client()];
  assert.equal(ask(second, writePdu(1, 1)), "8602");
  assert.equal(ask(first, write), "passes");
  first.destroy();
  assert.equal(ask(second, write), "passes");
});
