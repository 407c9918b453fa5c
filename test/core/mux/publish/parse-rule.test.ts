import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPublishRule, parsePublishRule } from "#src/core/mux/publish/parse-rule.js";
import { NUMBER_TYPES } from "#src/core/mux/publish/publish-rule.js";

test("rules in their written form", () => {
  const table: [text: string, printed?: string][] = [
    ["unit 1 holding 32080 int32 scale 0.001 as power unit W"],
    ["UNIT 1  Holding 0x7D50 INT32 as power Unit W", "unit 1 holding 32080 int32 as power unit W"],
    ["unit 0 coil 5 as pump"],
    ["unit 255 discrete 65535 bool as door", "unit 255 discrete 65535 as door"],
    [
      "unit 1 input 52 float32 as power poll 10s every 1m stale 5m unit kW",
      "unit 1 input 52 float32 as power unit kW poll 10s every 1m stale 5m",
    ],
    [
      "unit 1 holding 1 uint16 invalid 0xffff invalid 65534 as t unit °C",
      "unit 1 holding 1 uint16 invalid 0xFFFF invalid 0xFFFE as t unit °C",
    ],
    [
      "unit 1 holding 1 uint32 byte-swap word-swap offset -1.50 scale 1e-3 decimals 2 as x",
      "unit 1 holding 1 uint32 word-swap byte-swap scale 0.001 offset -1.5 decimals 2 as x",
    ],
    ["unit 1 holding 7 bit 3 as alarm"],
    ["unit 1 holding 40083 int16 scale-at 0x9C94 as power", "unit 1 holding 40083 int16 scale-at 40084 as power"],
    ["unit 1 holding 30000 string 15 as model poll 0"],
    ["unit 1 holding 37758 uint32 scale 0.001 as charge unit kWh stored"],
  ];
  for (const [text, printed = text] of table) {
    const rule = parsePublishRule(text);
    assert.equal(rule.ok ? formatPublishRule(rule.value) : rule.message, printed);
  }
});

test("what is no rule is refused, with the reason and what was meant", () => {
  const table: [text: string, reason: RegExp][] = [
    ["", /the unit of the device comes first: unit 1 holding/],
    ["holding 1 int16 as x", /the unit of the device comes first/],
    ["unit 256 holding 1 int16 as x", /unit: an integer from 0 to 255 is wanted behind it/],
    ["unit 1", /"": coil, discrete, holding, input are known/],
    ["unit 1 holdng 1 int16 as x", /did you mean holding/],
    [
      "unit 1 holding 430053 int16 as x",
      /0 to 65535, or 0x0 to 0xFFFF, is wanted; what a data sheet calls register 30053 or 40053 is address 52 here/,
    ],
    ["unit 1 holding -1 int16 as x", /an address from 0/],
    ["unit 1 holding 1 int15 as x", /"int15": a type is wanted: uint16.*did you mean int16/],
    ["unit 1 holding 1", /"": a type is wanted/],
    ["unit 1 coil 1 int16 as x", /int16: a coil is a bool/],
    ["unit 1 holding 65535 int32 as x", /2 registers from there on are more than there are/],
    ["unit 1 holding 1 bit as x", /bit: an integer from 0 to 15 is wanted behind it/],
    ["unit 1 holding 1 string 126 as x", /number of its registers, 1 to 125/],
    ["unit 1 holding 1 int16", /it needs a name/],
    ["unit 1 holding 1 int16 as", /as needs a value behind it/],
    ["unit 1 holding 1 int16 as a/b", /as "a\/b": one level of a topic is wanted/],
    ["unit 1 holding 1 int16 as set", /as "set": .*others write/],
    ["unit 1 holding 1 int16 as x as y", /as stands there twice/],
    ["unit 1 holding 1 int16 as x scal 5", /"scal": word-swap.*did you mean scale/],
    ["unit 1 holding 1 int16 as x poll=10s", /"poll=10s": poll 10s is wanted, with a blank/],
    ["unit 1 holding 1 int16 as x scale 0", /everything would be 0/],
    ["unit 1 holding 1 int16 as x scale many", /scale "many": a number is wanted/],
    ["unit 1 holding 1 int32 scale-at 2 as x", /scale-at 2: the number itself is there/],
    ["unit 1 holding 1 int16 scale-at 126 as x", /no answer can hold both, 125 registers/],
    ["unit 1 holding 1 bit 3 scale-at 2 as x", /scale-at goes with numbers only/],
    ["unit 1 holding 1 int16 scale-at 70000 as x", /an address from 0 to 65535/],
    ["unit 1 holding 1 int16 as x unit 1", /the unit of the device stands first/],
    ["unit 1 holding 1 int16 as x unit kwh", /unit "kwh": did you mean kWh\?/],
    ["unit 1 holding 1 int16 as x unit W stored", /stored goes with units of energy and volume/],
    ["unit 1 holding 1 U32 as x", /"u32": .*did you mean uint32\?/],
    ["unit 1 holding 1 uint32 swap as x", /"swap": .*did you mean word-swap\?/],
    ["unit 1 holding 1 int16 constructor as x", /"constructor": word-swap/],
    ["unit 1 holding 1 int16 word-swap as x", /word-swap goes with numbers of several registers/],
    ["unit 1 coil 1 byte-swap as x", /a coil has no bytes/],
    ["unit 1 holding 1 bit 3 scale 2 as x", /go with numbers only/],
    ["unit 1 holding 1 bool unit W as x", /unit W goes with numbers only/],
    ["unit 1 holding 1 int16 invalid 0x12345 as x", /int16 has 4 hexadecimal digits/],
    ["unit 1 holding 1 int16 invalid 40000 as x", /a number of int16 is wanted/],
    ["unit 1 holding 1 int16 as x poll 0.5s", /1s is the least/],
    ["unit 1 holding 1 int16 as x poll soon", /poll "soon": a time is wanted/],
    ["unit 1 holding 1 int16 as x poll 10s stale 10s", /stale: that is no longer than poll/],
  ];
  for (const [text, reason] of table) {
    const rule = parsePublishRule(text);
    assert.match(rule.ok ? `${text} is taken` : rule.message, reason);
  }
});

const word = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.option(
    value.map((text) => ` ${name} ${text}`),
    { nil: "" },
  );
const factor = fc
  .tuple(fc.integer({ min: 1, max: 99_999 }), fc.nat(6), fc.boolean())
  .map(([digits, places, minus]) => `${minus ? "-" : ""}${(digits / 10 ** places).toFixed(places)}`);
const type = fc.constantFrom(...Object.keys(NUMBER_TYPES));
const seconds = fc.integer({ min: 1, max: 80_000 }).map((count) => `${count}s`);
const rules = fc
  .tuple(
    fc.nat(255),
    fc.constantFrom("holding", "input"),
    fc.nat(65_000),
    type,
    fc.constantFrom("", " byte-swap"),
    word("scale", factor),
    word("offset", factor),
    word("decimals", fc.nat(9).map(String)),
    word(
      "invalid",
      fc.nat(0xffff).map((bits) => `0x${bits.toString(16)}`),
    ),
    word("poll", seconds),
    word("every", seconds),
  )
  .map(([unit, table, address, name, ...words]) => `unit ${unit} ${table} ${address} ${name}${words.join("")} as x`);

test("law: a rule that is printed reads back as itself", () => {
  fc.assert(
    fc.property(rules, (text) => {
      const rule = parsePublishRule(text);
      assert.ok(rule.ok, rule.ok ? "" : `${text}: ${rule.message}`);
      const printed = formatPublishRule(rule.value);
      assert.deepEqual(parsePublishRule(printed), rule);
    }),
    { numRuns: 300 },
  );
});

test("law: whatever stands there, it is a rule or a reason of one line", () => {
  const words = fc.array(
    fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom(
        "unit",
        "1",
        "holding",
        "int32",
        "as",
        "x",
        "scale",
        "0.1",
        "string",
        "bit",
        "invalid",
        "poll",
        "10s",
      ),
    ),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(words, (parts) => {
      const rule = parsePublishRule(parts.join(" "));
      if (!rule.ok) assert.ok(rule.message.length > 0);
      else assert.deepEqual(parsePublishRule(formatPublishRule(rule.value)), rule);
    }),
    { numRuns: 300 },
  );
});
