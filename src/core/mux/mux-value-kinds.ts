import { type ValueKind, word } from "../options/value-kinds.js";
import { didYouMean } from "../parse/near-miss.js";
import { parseInteger } from "../parse/number.js";
import { fail, ok, type Result } from "../parse/result.js";
import { parseLogin } from "./login-text.js";
import { MODBUS_FORMS, type ModbusName } from "./modbus-forms.js";
import { MAX_FUNCTION, MAX_UNIT, WRITE_FUNCTIONS } from "./modbus-pdu.js";
import type { Protocol, Writes } from "./protocol.js";
import { findProtocol, PROTOCOLS } from "./protocols/protocols.js";
import { formatWriteRule, parseWriteRule, type WriteRule } from "./write-rule.js";

const NAMES = PROTOCOLS.map(({ framing }) => framing.name);

/** The name of a protocol. */
export const PROTOCOL: ValueKind<Protocol> = {
  unit: "protocol",
  range: NAMES.join(", "),
  parse(value, form) {
    const protocol = findProtocol(value);
    if (protocol !== undefined) return ok(protocol);
    return fail(`${NAMES.join("|")} is wanted${form === "file" ? didYouMean(value, NAMES) : ""}`);
  },
  print: ({ framing }) => framing.name,
};

/** The name of a framing of Modbus. */
export const DEVICE_PROTOCOL: ValueKind<ModbusName> = {
  ...word(Object.keys(MODBUS_FORMS) as ModbusName[]),
  unit: "protocol",
};

/** `2:1,3:7`: units of clients, and the units of the device that they stand for. */
export const UNIT_MAP: ValueKind<ReadonlyMap<number, number>> = {
  unit: "units",
  range: `client's unit:device's unit, 0 to ${MAX_UNIT}; several with commas between`,
  parse(text) {
    const units = new Map<number, number>();
    for (const pair of text.split(",")) {
      const parsed = pairOfUnits(pair);
      if (!parsed.ok) return parsed;
      const [from, to] = parsed.value;
      if (units.has(from)) return fail(`unit ${from} stands there twice`);
      units.set(from, to);
    }
    return ok(units);
  },
  print: (units) => [...units].map(([from, to]) => `${from}:${to}`).join(","),
};

function pairOfUnits(pair: string): Result<readonly [from: number, to: number]> {
  const [from, to, ...more] = pair.split(":").map((unit) => parseInteger(unit.trim(), 0, MAX_UNIT));
  if (from?.ok && to?.ok && more.length === 0) return ok([from.value, to.value]);
  return fail(`"${pair}": two units from 0 to ${MAX_UNIT} are wanted, such as 2:1`);
}

/** Function codes that only read: `65,8`. */
export const READ_FUNCTIONS: ValueKind<readonly number[]> = {
  unit: "functions",
  range: `1 to ${MAX_FUNCTION}; several with commas between`,
  parse(text) {
    const found = new Set<number>();
    for (const word of text.split(",")) {
      const code = parseInteger(word.trim(), 1, MAX_FUNCTION);
      if (!code.ok) return fail(`"${word}": a function code from 1 to ${MAX_FUNCTION} is wanted`);
      if (WRITE_FUNCTIONS.has(code.value)) return fail(`function ${code.value} writes`);
      found.add(code.value);
    }
    return ok([...found]);
  },
  print: (codes) => codes.join(","),
};

/** One rule of the write policy. */
export const WRITE_RULE: ValueKind<WriteRule> = {
  unit: "rule",
  range: "unit, coil or holding, function, from, values",
  parse: parseWriteRule,
  print: formatWriteRule,
};

/** A request in hexadecimal digits. */
export const PROBE: ValueKind<Buffer> = {
  unit: "hex",
  range: "one whole request",
  parse: (value) =>
    /^([0-9a-f]{2})+$/i.test(value)
      ? ok(Buffer.from(value, "hex"))
      : fail("a whole request in hexadecimal digits is wanted"),
  print: (request) => request.toString("hex"),
};

/** What a device gets after each connect. Never printed as it is: it may hold a password. */
export const LOGIN: ValueKind<Buffer> = {
  unit: "text",
  range: "\\r, \\n, \\t, \\xHH and \\\\ are taken",
  isSecret: true,
  parse: parseLogin,
  print: () => "***",
};

/** `pass`, the default, has no word: it is what holds where nothing is said. */
export const WRITES: ValueKind<Writes> = {
  ...word<Writes>(["deny", "ignore"]),
  print: (writes) => (writes === "pass" ? "" : writes),
};
