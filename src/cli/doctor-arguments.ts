import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
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
      /** Print JSON for programs. */
      readonly json: boolean;
    };

const MAX_IDLE_MS = 45_000; // the whole examination takes a minute at most
const DEFAULTS = { unit: "1", register: "0", idle: "45s" };

/** `sockproxyd doctor`, as `--help` and the man page show it. */
export const DOCTOR = {
  name: "doctor",
  summary: "Find out what a device can do",
  usage: [{ words: "modbus host:port [options]" }],
  description: [
    "Finds out what a Modbus device can do, and prints a section [mux NAME] that fits it. The doctor only reads. Nobody else may be connected to a device that takes one connection. It takes a minute at most.",
  ],
  words: ["modbus"],
  arguments: [{ name: "host:port", help: "The device" }],
  options: [
    { names: ["unit"], value: "n", help: "The unit to ask, 0 to 255", defaultText: DEFAULTS.unit },
    {
      names: ["register"],
      value: "n",
      help: "The register to read, as on the wire: 0 to 65535",
      defaultText: DEFAULTS.register,
    },
    {
      names: ["idle"],
      value: "time",
      help: "Longest watch of an idle connection; 0: none",
      defaultText: DEFAULTS.idle,
    },
    { names: ["json"], help: "Print what was seen as a line of JSON at the end, for programs" },
    HELP_FLAG,
  ],
  exits: [
    [0, "when the device answers"],
    [1, "when it does not"],
    [2, "when options are wrong"],
    [130, "after Ctrl-C"],
  ],
  examples: [{ words: "doctor modbus 192.168.1.30:502 --unit 3", help: "Examine unit 3 behind a gateway" }],
} as const satisfies CommandRow;

const REGISTER_MAX = 0xffff;

/**
 * Reads the command line of `sockproxyd doctor`.
 *
 * @param argv behind the word `doctor`
 */
export function parseDoctorArguments(argv: readonly string[]): Result<DoctorArguments> {
  const flags = parseFlags(argv, DOCTOR.options);
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
    json: parsed["json"] === true,
  }));
}
