import { CRC_LENGTH } from "./crc16.js";

/**
 * The length of a frame with unit and CRC, by its function code: fixed, or the value of a byte count in the frame plus the bytes around
 * (MODBUS Application Protocol V1.1b3, chapter 6).
 */
export type LengthRule =
  | { readonly fixed: number }
  | { readonly countAt: number; readonly countBytes: 1 | 2; readonly around: number };

const UNIT = 1;

type Rules = ReadonlyMap<number, LengthRule>;
/** The length of what has a function code; undefined where no rule tells it. */
export type RuleOf = (code: number) => LengthRule | undefined;

const fixed = (length: number): LengthRule => ({ fixed: length });
const counted = (countAt: number, around: number): LengthRule => ({ countAt, countBytes: 1, around });

/** Without 8 (diagnostics) and 43 (encapsulated transport): their lengths depend on sub-functions. */
const REQUEST_LENGTHS: Rules = new Map([
  [1, fixed(8)],
  [2, fixed(8)],
  [3, fixed(8)],
  [4, fixed(8)],
  [5, fixed(8)],
  [6, fixed(8)],
  [7, fixed(4)],
  [11, fixed(4)],
  [12, fixed(4)],
  [15, counted(6, 9)],
  [16, counted(6, 9)],
  [17, fixed(4)],
  [20, counted(2, 5)],
  [21, counted(2, 5)],
  [22, fixed(10)],
  [23, counted(10, 13)],
  [24, fixed(6)],
]);

export const ANSWER_LENGTHS: Rules = new Map<number, LengthRule>([
  [1, counted(2, 5)],
  [2, counted(2, 5)],
  [3, counted(2, 5)],
  [4, counted(2, 5)],
  [5, fixed(8)],
  [6, fixed(8)],
  [7, fixed(5)],
  [11, fixed(8)],
  [12, counted(2, 5)],
  [15, fixed(8)],
  [16, fixed(8)],
  [17, counted(2, 5)],
  [20, counted(2, 5)],
  [21, counted(2, 5)],
  [22, fixed(10)],
  [23, counted(2, 5)],
  [24, { countAt: 2, countBytes: 2, around: 6 }],
]);

/** An exception carries the function code with this bit set (chapter 7). */
export const EXCEPTION_BIT = 0x80;
const EXCEPTION_LENGTH: LengthRule = fixed(5);

export const ruleOfRequest: RuleOf = (code) => REQUEST_LENGTHS.get(code);

/** Of an exception, too. */
export const ruleOfAnswer: RuleOf = (code) => (code >= EXCEPTION_BIT ? EXCEPTION_LENGTH : ANSWER_LENGTHS.get(code));

/** The length of the frame, with unit and CRC, at an index; undefined when its byte count is not there yet. */
export function lengthBy(rule: LengthRule, bytes: Buffer, at: number): number | undefined {
  if ("fixed" in rule) return rule.fixed;
  const { countAt, countBytes, around } = rule;
  if (bytes.length - at < countAt + countBytes) return undefined;
  return around + bytes.readUIntBE(at + countAt, countBytes);
}

/** Whether unit and PDU of an answer at an index have this length by their function code and byte count. */
export function isAnswerLength(bytes: Buffer, at: number, length: number): boolean {
  const rule = ruleOfAnswer(bytes[at + 1] ?? 0);
  return rule !== undefined && lengthBy(rule, bytes, at) === length + CRC_LENGTH;
}

/** Whether a PDU is as long as its function code and byte count say; undefined: no rule tells its length. */
export function hasOwnLength(pdu: Buffer, ruleOf: RuleOf): boolean | undefined {
  const rule = ruleOf(pdu[0] ?? 0);
  return rule && lengthBy(rule, pdu, -UNIT) === UNIT + pdu.length + CRC_LENGTH;
}

/** Read device identification, a kind of encapsulated transport (6.21); `length`: of the PDU. */
export const DEVICE_IDENTIFICATION = { code: 43, kind: 14, length: 4 } as const;

/** Whether the PDU of a request is as long as it says. Behind a request that is too long, some devices see one more. */
export function isWholeRequest(pdu: Buffer): boolean {
  const { code, kind, length } = DEVICE_IDENTIFICATION;
  if (pdu[0] === code && pdu[1] === kind) return pdu.length === length;
  return hasOwnLength(pdu, ruleOfRequest) ?? true;
}
