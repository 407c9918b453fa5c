import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatWriteRule, parseWriteRule, type WriteRule } from "#src/core/mux/write-rule.js";

test("rules in their written form", () => {
  const table: [text: string, printed: string][] = [
    ["unit 1 holding 100-110 from 192.168.1.5 values 0-100", "unit 1 holding 100-110 from 192.168.1.5 values 0-100"],
    ["values 5  COIL 5-5 Unit 1", "unit 1 coil 5 values 5"],
    ["unit 1 function 65", "unit 1 function 65"],
    ["from 10.0.0.0/8", "from 10.0.0.0/8"],
    ["from fe80::1 function 6 holding 0-65535", "holding 0-65535 function 6 from fe80::1"],
  ];
  for (const [text, printed] of table) {
    const rule = parseWriteRule(text);
    assert.equal(rule.ok ? formatWriteRule(rule.value) : rule.message, printed);
  }
});

test("what is no rule is refused, with the reason", () => {
  const table: [text: string, reason: RegExp][] = [
    ["", /a rule is wanted, such as unit 1 holding/],
    ["unit", /unit needs a value/],
    ["unit 256", /unit "256": a number from 0 to 255, or two with - between, is wanted/],
    ["holding 5-1", /holding "5-1": the smaller number comes first/],
    ["holding 1-2-3", /or two with - between/],
    ["holding -3", /or two with - between/],
    ["holding 65536", /0 to 65535/],
    ["register 5", /"register": unit, coil, holding, function, from, values are known/],
    ["holdng 5", /did you mean holding/],
    ["unit 1 unit 2", /unit stands there twice/],
    ["coil 1 holding 1", /that takes two rules/],
    ["function 65 values 1", /go with functions 5, 6, 15, 16, 22 and 23 only/],
    ["from hub", /from "hub": an address or a network is wanted/],
    ["from 10.0.0.0/33", /bad network/],
  ];
  for (const [text, reason] of table) {
    const rule = parseWriteRule(text);
    assert.match(rule.ok ? `${text} is taken` : rule.message, reason);
  }
});

const range = (most: number): fc.Arbitrary<{ from: number; to: number }> =>
  fc.tuple(fc.nat(most), fc.nat(most)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const network = fc
  .tuple(fc.ipV4(), fc.nat(32))
  .map(([address, prefix]) => ({ kind: "network" as const, family: "ipv4" as const, address, prefix }));
const rules: fc.Arbitrary<WriteRule> = fc
  .record(
    { unit: range(255), coil: range(65_535), function: range(255), from: network, values: range(65_535) },
    { requiredKeys: [] },
  )
  .filter(
    (rule) =>
      Object.keys(rule).length > 0 &&
      (rule.function === undefined || (rule.function.from <= 5 && rule.function.to >= 5)),
  );

test("law: a rule that is printed reads back as itself", () => {
  fc.assert(
    fc.property(rules, (rule) => {
      const again = parseWriteRule(formatWriteRule(rule));
      assert.deepEqual(again.ok ? { ...again.value } : again.message, { ...rule });
    }),
  );
});
