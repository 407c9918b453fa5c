import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWrite, writeOf } from "#src/core/mux/modbus-write.js";
import { judgeWrite } from "#src/core/mux/write-policy.js";
import { parseWriteRule, type WriteRule } from "#src/core/mux/write-rule.js";
import { mayWrite, randomNumbers, randomRules, randomWrite, ruleText } from "../../support/write-oracle.js";

// FUZZ_RUNS=1000000 runs the law for so many writes; test/long/write-policy.test.ts does.
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 30_000);
const WRITES_PER_POLICY = 20;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function rule(text: string): WriteRule {
  const parsed = parseWriteRule(text);
  return parsed.ok ? parsed.value : assert.fail(`${text}: ${parsed.message}`);
}

/** 0 where the write is allowed, or else the exception. */
function judged(rules: readonly string[], unit: number, pdu: string, from: string | undefined = "192.168.1.5"): number {
  const verdict = judgeWrite(writeOf(unit, hex(pdu)), from, { others: "deny", rules: rules.map(rule) });
  return verdict.kind === "allowed" ? 0 : verdict.exception;
}

test("the exception tells what was wrong: address, value, or anything else", () => {
  const rules = ["unit 1 holding 100-110 from 192.168.1.5 values 0-100", "unit 1 coil 5", "unit 1 function 65"];
  const table: [unit: number, pdu: string, exception: number, from?: string][] = [
    [1, "06 0064 0064", 0],
    [1, "06 006e 0000", 0],
    [1, "06 0063 0000", 2],
    [1, "06 006f 0000", 2],
    [1, "06 0064 0065", 3],
    [2, "06 0064 0000", 1],
    [1, "06 0064 0000", 1, "192.168.1.6"],
    [1, "05 0005 ff00", 0],
    [1, "05 0005 0001", 3],
    [1, "05 0006 ff00", 2],
    [1, "0f 0005 0001 01 01", 0],
    [1, "0f 0005 0002 01 03", 2],
    [1, "10 006d 0002 04 0001 0002", 0],
    [1, "10 006d 0003 06 0001 0002 0003", 2],
    [1, "10 006d 0002 04 0001 00ff", 3],
    [1, "10 006d 0002 03 0001 00", 3],
    [1, "10 006d 0002 04 0001", 3],
    [1, "16 0064 0000 0005", 0],
    [1, "16 0064 ffff 0000", 3],
    [1, "16 0064 003f 0000", 0],
    [1, "17 0000 0001 0064 0001 02 0005", 0],
    [1, "17 0064 0001 0000 0001 02 0005", 2],
    [1, "41 01", 0],
    [1, "42 01", 1],
    [1, "15 07 06 0004 0007 0001 0001", 1],
    [1, "06 0064", 3],
  ];
  for (const [unit, pdu, exception, from] of table)
    assert.equal(judged(rules, unit, pdu, from), exception, `${unit}: ${pdu}`);
});

test("parts that are left out allow everything of their kind; functions of the vendor need their number", () => {
  assert.equal(judged(["unit 1"], 1, "06 ffff ffff"), 0);
  assert.equal(judged(["unit 1"], 1, "0f 0000 0009 02 ffff"), 0);
  assert.equal(judged(["unit 1"], 1, "41 01"), 1);
  assert.equal(judged(["from 192.168.0.0/16"], 9, "06 0001 0001"), 0);
  assert.equal(judged(["from 192.168.0.0/16"], 9, "06 0001 0001", "10.0.0.1"), 1);
  assert.equal(judged(["function 16"], 9, "10 0001 0001 02 0001"), 0);
  assert.equal(judged(["function 16"], 9, "06 0001 0001"), 1);
  assert.equal(judged(["holding 1", "holding 2"], 9, "10 0001 0002 04 0001 0001"), 0);
  assert.equal(judged([], 1, "06 0001 0001"), 1);
});

test("a client whose address nobody knows gets by no rule with an address", () => {
  const write = writeOf(1, hex("06 0001 0001"));
  assert.equal(judgeWrite(write, undefined, { others: "deny", rules: [rule("from 0.0.0.0/0")] }).kind, "refused");
  assert.equal(judgeWrite(write, undefined, { others: "deny", rules: [rule("holding 1")] }).kind, "allowed");
});

test("writes are described for the log", () => {
  const table: [pdu: string, text: string][] = [
    ["06 0064 0005", "unit 1 holding 100 = 5"],
    ["10 0064 0002 04 0005 0006", "unit 1 holding 100-101 = 5 6"],
    ["05 0005 ff00", "unit 1 coil 5 = 1"],
    ["0f 0005 000a 02 0501", "unit 1 coil 5-14 = 1010000010"],
    ["16 0004 00f2 0005", "unit 1 holding 4 = 5-247"],
    ["41 01", "unit 1 function 65"],
    ["10 0064 0002 03 0005 00", "unit 1 function 16 (a byte count of 3 for 2 values)"],
    ["10 ffff 0002 04 0005 0006", "unit 1 function 16 (2 from 65535 on are more than there are)"],
  ];
  for (const [pdu, text] of table) assert.equal(describeWrite(writeOf(1, hex(pdu))), text);
});

test("law: the judge allows what register by register is allowed, and nothing else", () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() & 0xffffff);
  const random = randomNumbers(seed);
  let allowed = 0;
  for (let run = 0; run < RUNS; run += WRITES_PER_POLICY) {
    const oracle = randomRules(random);
    const rules = oracle.map((each) => rule(ruleText(each)));
    for (let write = 0; write < WRITES_PER_POLICY; write += 1) {
      const [unit, pdu, from] = [random(4), randomWrite(random), `10.0.0.${random(4)}`];
      const verdict = judgeWrite(writeOf(unit, pdu), from, { others: "deny", rules });
      const expected = mayWrite(unit, pdu, from, oracle);
      if (expected) allowed += 1;
      if ((verdict.kind === "allowed") !== expected) {
        assert.fail(
          `seed ${seed}: ${expected} expected for unit ${unit}, ${pdu.toString("hex")} from ${from}; ${oracle.map(ruleText).join(", ")}`,
        );
      }
    }
  }
  assert.ok(
    allowed > RUNS / 50 && allowed < RUNS / 2,
    `${allowed} of ${RUNS} allowed: the law was tried on both sides`,
  );
});
