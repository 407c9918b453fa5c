import { parsePublishRule } from "#src/core/mux/publish/parse-rule.js";
import { NUMBER_TYPES, type NumberType, type PublishRule } from "#src/core/mux/publish/publish-rule.js";

/** The rule that a text means. @throws when it means none */
export function ruleOf(text: string): PublishRule {
  const rule = parsePublishRule(text);
  if (!rule.ok) throw new Error(rule.message);
  return rule.value;
}

/** A number as a device holds it: of integers a bigint. */
export type RawNumber = bigint | number;

/** The registers of a number, as a device of this order sends them: the inverse of decoding, written by hand. */
export function encodeNumber(
  type: NumberType,
  value: RawNumber,
  order: { wordSwap?: boolean; byteSwap?: boolean },
): Buffer {
  const registers = NUMBER_TYPES[type];
  const bytes = Buffer.alloc(2 * registers);
  if (type === "float32") bytes.writeFloatBE(Number(value));
  else if (type === "float64") bytes.writeDoubleBE(Number(value));
  else {
    const bits = BigInt.asUintN(16 * registers, BigInt(value));
    for (let at = 0; at < bytes.length; at += 1)
      bytes[at] = Number((bits >> BigInt(8 * (bytes.length - 1 - at))) & 0xffn);
  }
  const words = Array.from({ length: registers }, (_, at) => [bytes[2 * at] as number, bytes[2 * at + 1] as number]);
  if (order.wordSwap) words.reverse();
  return Buffer.from(words.flatMap(([high = 0, low = 0]) => (order.byteSwap ? [low, high] : [high, low])));
}
