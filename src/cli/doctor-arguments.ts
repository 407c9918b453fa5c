import { MAX_UNIT } from "../core/mux/modbus-pdu.js";
import { type HostPort, parseHostPort } from "../core/net/address.js";
import { time } from "../core/options/value-kinds.js";
import { didYouMean } from "../core/parse/near-miss.js";
import { parseInteger } from "../core/parse/number.js";
import { fail, map, ok, type Result } from "../core/parse/result.js";
import { parseFlags } from "./flags.js";

/** The command line of `sockproxyd doctor`. */
export type DoctorArguments =
  | { readonly kind: "help" }
  | {
      readonly kind: "examine";
      readonly target: HostPort;
      readonly unit: number;
      readonly register: number;
      /** How long an idle connection is watched, in milliseconds. */
      readonly idleMs: number;
    };

const MAX_IDLE_MS = 45_000; // the whole examination takes a minute at most
const DEFAULTS = { unit: "1", register: "0", idle: "45s" };

/** The text of `doctor --help`. */
export const DOCTOR_USAGE = `Usage: sockproxyd doctor modbus host:port [options]

Finds out what a Modbus device can do, and prints a section [mux NAME] that
fits it. The doctor only reads. Nobody else may be connected to a device that
takes one connection. It takes a minute at most.

  host:port        The device
  --unit n         The unit to ask, 0 to 255 (default: ${DEFAULTS.unit})
  --register n     The register to read, as on the wire: 0 to 65535 (default: ${DEFAULTS.register})
  --idle time      Longest watch of an idle connection; 0: none (default: ${DEFAULTS.idle})
  -h, --help       Print this

Exit status: 0 the device answers, 1 it does not, 2 wrong usage.`;

const REGISTER_MAX = 0xffff;

/**
 * Reads the command line of `sockproxyd doctor`.
 *
 * @param argv behind the word `doctor`
 */
export function parseDoctorArguments(argv: readonly string[]): Result<DoctorArguments> {
  const flags = parseFlags(argv, { string: ["_", ...Object.keys(DEFAULTS)], boolean: ["help"], alias: { help: "h" } });
  if (!flags.ok) return flags;
  const parsed = flags.value;
  if (parsed["help"]) return ok({ kind: "help" });
  const [family, place, ...more] = parsed._;
  if (family === undefined || place === undefined) return fail("modbus and host:port are wanted");
  if (family !== "modbus") {
    return fail(`unknown kind of device "${family}": modbus is wanted${didYouMean(family, ["modbus"])}`);
  }
  if (more.length > 0) return fail(`unexpected argument "${more[0]}"`);
  const target = parseHostPort(place);
  if (!target.ok) return target;
  const named = { ...DEFAULTS, ...parsed };
  const read = <T>(name: keyof typeof DEFAULTS, parse: (text: string) => Result<T>): Result<T> => {
    const text: unknown = named[name];
    const result = typeof text === "string" ? parse(text) : fail<T>("one value is wanted");
    return result.ok ? result : fail(`bad --${name} "${String(text)}": ${result.message}`);
  };
  const unit = read("unit", (text) => parseInteger(text, 0, MAX_UNIT));
  const register = read("register", (text) => parseInteger(text, 0, REGISTER_MAX));
  const idle = read("idle", (text) => time("s", 0, MAX_IDLE_MS).parse(text, "file"));
  if (!unit.ok) return unit;
  if (!register.ok) return register;
  return map(idle, (idleMs) => ({
    kind: "examine",
    target: target.value,
    unit: unit.value,
    register: register.value,
    idleMs,
  }));
}
