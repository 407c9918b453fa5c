import type { Decimal } from "../../parse/decimal.js";
import type { RegisterRange } from "../register-ranges.js";

/** The tables of a Modbus device, with the function that reads each (MODBUS Application Protocol Specification V1.1b3, 6.1 to 6.4). */
export const TABLES = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;
export type Table = keyof typeof TABLES;

/** Types of numbers, with how many registers each takes. */
export const NUMBER_TYPES = {
  uint16: 1,
  int16: 1,
  uint32: 2,
  int32: 2,
  uint64: 4,
  int64: 4,
  float32: 2,
  float64: 4,
} as const;
export type NumberType = keyof typeof NUMBER_TYPES;

/** What stands in the registers of a value, or in its coil. */
export type ValueType =
  | { readonly kind: "number"; readonly type: NumberType }
  /** A coil or a discrete input; a register that is not 0. */
  | { readonly kind: "bool" }
  /** One bit of a register; 0 is the lowest. */
  | { readonly kind: "bit"; readonly bit: number }
  /** Text, two characters in a register. */
  | { readonly kind: "string"; readonly registers: number };

/** A value of a shared Modbus device that is published when it passes (`publish=`, docs/mux.md). Times are milliseconds. */
export interface PublishRule {
  /** The unit as the device numbers it. */
  readonly unit: number;
  readonly table: Table;
  /** From 0 on, as it stands in a request. */
  readonly address: number;
  readonly type: ValueType;
  /** The low register of a number comes first. */
  readonly wordSwap?: true;
  /** The low byte of each register comes first. */
  readonly byteSwap?: true;
  /** The last level of its topic. */
  readonly name: string;
  /** What it is measured in: `kW`. */
  readonly measure?: string;
  /** It is an amount that is there, and falls, too; not a counter. */
  readonly stored?: true;
  /** What the number of the device is multiplied by. */
  readonly scale?: Decimal;
  /** The register that holds the power of ten of the number (scale factors of SunSpec), in the same table. */
  readonly scaleAt?: number;
  /** What is added then. */
  readonly offset?: Decimal;
  /** So many digits stand behind the point. */
  readonly decimals?: number;
  /** Bits of numbers that mean: there is no value. */
  readonly invalid: readonly bigint[];
  /** The daemon asks for it when nobody has for this long; 0: it does not; absent: as the line says. */
  readonly pollMs?: number;
  /** A value that stays the same is published again after this time; absent: {@link EVERY_MS}. */
  readonly everyMs?: number;
  /** A value that is older than this is unavailable; absent: {@link staleMsOf}. */
  readonly staleMs?: number;
}

/** A value that stays the same is published so often: a broker that keeps nothing, and who comes later, get it in a while. */
export const EVERY_MS = 300_000;
const STALE_MS = 300_000; // of a value that others read: dashboards ask every few seconds, loggers every few minutes
const STALE_POLLS = 3; // one answer may be lost, and the next poll may wait
const MIN_STALE_MS = 10_000; // a busy link lets clients go first

/** Number of registers, or of coils, that a value takes. */
export function sizeOf(type: ValueType): number {
  if (type.kind === "number") return NUMBER_TYPES[type.type];
  return type.kind === "string" ? type.registers : 1;
}

/** What a read must ask for to get the value, and the power of ten that it has: both must come from one answer. */
export function rangeOfRule({ unit, table, address, type, scaleAt = address }: PublishRule): RegisterRange {
  const start = Math.min(address, scaleAt);
  return { unit, code: TABLES[table], start, count: Math.max(address + sizeOf(type), scaleAt + 1) - start };
}

/** The bits of a number as an unsigned one. */
export function bitsOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

/** How long the daemon waits for somebody to ask before it asks itself; 0: for ever. @param lineMs what the line says (POLL) */
export function pollMsOf({ pollMs }: PublishRule, lineMs: number): number {
  return pollMs ?? lineMs;
}

/** When a value is too old to be true, in milliseconds. @param lineMs what the line says (POLL) */
export function staleMsOf(rule: PublishRule, lineMs: number): number {
  const pollMs = pollMsOf(rule, lineMs);
  return rule.staleMs ?? (pollMs === 0 ? STALE_MS : Math.max(MIN_STALE_MS, STALE_POLLS * pollMs));
}
