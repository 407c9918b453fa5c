import { formatNetwork, type Network, parseNetwork } from "../net/access-patterns.js";
import { didYouMean } from "../parse/near-miss.js";
import { parseInteger } from "../parse/number.js";
import { fail, map, ok, type Result } from "../parse/result.js";
import { MAX_FUNCTION, MAX_UNIT } from "./modbus-pdu.js";
import { rangeText, VALUE_FUNCTIONS } from "./modbus-write.js";

/** Numbers from `from` to `to`, both included. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** What clients may write (ALWR, docs/mux.md). A part that is left out allows everything of its kind. */
export interface WriteRule {
  readonly unit?: NumberRange;
  readonly coil?: NumberRange;
  readonly holding?: NumberRange;
  readonly function?: NumberRange;
  /** Where the client is. */
  readonly from?: Network;
  readonly values?: NumberRange;
}

const MAX_WORD = 0xffff;

/** The parts in the order that they are printed in, with the greatest number that each takes. */
const NUMBERS = {
  unit: MAX_UNIT,
  coil: MAX_WORD,
  holding: MAX_WORD,
  function: MAX_FUNCTION,
  values: MAX_WORD,
} as const;
const PARTS = ["unit", "coil", "holding", "function", "from", "values"] as const;
type Part = (typeof PARTS)[number];

const EXAMPLE = "unit 1 holding 100-110 from 192.168.1.5 values 0-100";

/** Reads a rule: `unit 1 holding 100-110 from 192.168.1.5 values 0-100`, in any order of its parts. */
export function parseWriteRule(text: string): Result<WriteRule> {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return fail(`a rule is wanted, such as ${EXAMPLE}`);
  let rule: WriteRule = {};
  for (let at = 0; at < words.length; at += 2) {
    const [word = "", value] = words.slice(at, at + 2);
    const part = PARTS.find((name) => name === word.toLowerCase());
    if (part === undefined) return fail(`"${word}": ${PARTS.join(", ")} are known${didYouMean(word, PARTS)}`);
    if (rule[part] !== undefined) return fail(`${part} stands there twice`);
    if (value === undefined) return fail(`${part} needs a value, such as ${EXAMPLE}; in one line + stands for a blank`);
    const parsed: Result<WriteRule> =
      part === "from"
        ? map(parseNetwork(value) ?? fail(`from "${value}": an address or a network is wanted`), (from) => ({ from }))
        : map(parseRange(part, value), (range) => ({ [part]: range }));
    if (!parsed.ok) return parsed;
    rule = { ...rule, ...parsed.value };
  }
  const fault = faultOf(rule);
  return fault === undefined ? ok(rule) : fail(fault);
}

/** Why parts of a rule do not go together: it would allow nothing. */
function faultOf(rule: WriteRule): string | undefined {
  if (rule.coil !== undefined && rule.holding !== undefined)
    return "coil and holding do not go together: that takes two rules";
  const codes = rule.function;
  if (codes === undefined) return undefined;
  const known = VALUE_FUNCTIONS.some((code) => code >= codes.from && code <= codes.to);
  const isNarrowed = rule.coil !== undefined || rule.holding !== undefined || rule.values !== undefined;
  if (isNarrowed && !known) return "coil, holding and values go with functions 5, 6, 15, 16, 22 and 23 only";
  return undefined;
}

function parseRange(part: keyof typeof NUMBERS, text: string): Result<NumberRange> {
  const most = NUMBERS[part];
  const [from, to = from, ...more] = text.split("-").map((number) => parseInteger(number, 0, most));
  if (!from?.ok || !to?.ok || more.length > 0) {
    return fail(`${part} "${text}": a number from 0 to ${most}, or two with - between, is wanted`);
  }
  if (from.value > to.value) return fail(`${part} "${text}": the smaller number comes first`);
  return ok({ from: from.value, to: to.value });
}

/** The rule as {@link parseWriteRule} reads it back. */
export function formatWriteRule(rule: WriteRule): string {
  return PARTS.flatMap((part: Part) => {
    const value = rule[part];
    if (value === undefined) return [];
    return "kind" in value ? `${part} ${formatNetwork(value)}` : `${part} ${rangeText(value.from, value.to)}`;
  }).join(" ");
}
