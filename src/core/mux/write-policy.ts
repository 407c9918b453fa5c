import { covers } from "../net/network-match.js";
import { EXCEPTION } from "./modbus-exceptions.js";
import { type ModbusWrite, rangeText } from "./modbus-write.js";
import type { NumberRange, WriteRule } from "./write-rule.js";

/** Who may write what (WRIT and ALWR, docs/mux.md). */
export interface WritePolicy {
  /** What becomes of a write that no rule allows. */
  readonly others: "allow" | "deny";
  readonly rules: readonly WriteRule[];
}

/** What becomes of a write. */
export type WriteVerdict =
  | { readonly kind: "allowed" }
  /** `exception`: the code for the client; `reason`: in words for the log. */
  | { readonly kind: "refused"; readonly exception: number; readonly reason: string };

const ALLOWED: WriteVerdict = { kind: "allowed" };

/**
 * Judges a write. Each coil and each register that it writes needs a rule that allows it; one rule need not allow all.
 *
 * @param from the address of the client; undefined where it is not known
 */
export function judgeWrite(write: ModbusWrite, from: string | undefined, { others, rules }: WritePolicy): WriteVerdict {
  if (others === "allow") return ALLOWED;
  if (write.kind === "malformed") return refused(write.exception, write.reason);
  const mine = rules.filter((rule) => concerns(rule, write, from));
  if (mine.length === 0) return refused(EXCEPTION.illegalFunction, "no rule for this client, unit and function");
  if (write.kind === "function") return ALLOWED;
  const { kind, first, low, high } = write;
  let wrong: WriteVerdict | undefined;
  for (const [index, least] of low.entries()) {
    const address = first + index;
    const most = high[index] ?? least;
    const here = mine.filter((rule) => includes(rule[kind], address));
    if (here.length === 0) return refused(EXCEPTION.illegalAddress, `no rule for ${kind} ${address}`);
    if (here.some(({ values }) => includes(values, least) && includes(values, most))) continue;
    wrong ??= refused(EXCEPTION.illegalValue, `no rule for ${kind} ${address} = ${rangeText(least, most)}`);
  }
  return wrong ?? ALLOWED;
}

function refused(exception: number, reason: string): WriteVerdict {
  return { kind: "refused", exception, reason };
}

/** Whether a rule is about this client, unit, function and kind of value. Other functions than those of coils and registers need their number. */
function concerns(rule: WriteRule, { kind, unit, code }: ModbusWrite, from: string | undefined): boolean {
  if (!includes(rule.unit, unit) || !includes(rule.function, code)) return false;
  if (rule.from !== undefined && (from === undefined || !covers(rule.from, from))) return false;
  if (kind === "coil") return rule.holding === undefined;
  if (kind === "holding") return rule.coil === undefined;
  return (
    rule.function !== undefined && rule.coil === undefined && rule.holding === undefined && rule.values === undefined
  );
}

function includes(range: NumberRange | undefined, number: number): boolean {
  return range === undefined || (number >= range.from && number <= range.to);
}
