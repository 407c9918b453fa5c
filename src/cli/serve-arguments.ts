import minimist from "minimist";
import { DEFAULT_SETTINGS } from "../core/config/keys.js";
import type { Values } from "../core/config/settings.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { flagText, unknownFlag, wordsProblem } from "./flags.js";

/** One argument of the command line. */
export type Argument =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "setting"; readonly option: string; readonly key: keyof Values; readonly text: string }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "check" }
  | { readonly kind: "optional-config" };

/** Options with a value, and the `[host]` key that each sets. */
const SETTINGS: Readonly<Record<string, keyof Values>> = { a: "ip", p: "port", L: "log", N: "vera", V: "vera" };
const ACTIONS = ["help", "version", "check", "optional-config"] as const;
const SHORT = { h: "help", v: "version" } as const;
const STRINGS = ["c", ...Object.keys(SETTINGS)];
const BOOLEANS = ["D", ...ACTIONS, ...Object.keys(SHORT)];

/** All options with their dashes. */
const FLAGS = [...STRINGS, ...BOOLEANS].map(flagText);

const DEFAULTS = DEFAULT_SETTINGS;

/** The text of `--help`. */
export const USAGE = `Usage: sockproxyd [options]
       sockproxyd mux [options]     Share one device among many clients; see mux --help
       sockproxyd tunnel server|device [options]
                                    Reach services beside a device behind NAT; see tunnel --help
       sockproxyd watch [options]   Show the messages that pass a running daemon; see watch --help
       sockproxyd doctor modbus host:port
                                    Find out what a device can do; see doctor --help
       sockproxyd reverse-proxy start|stop|status [options]
                                    Relay to a Conbus server, print every telegram; see reverse-proxy --help

Options take effect in the order given: what follows -c overrides the file, what precedes it is overridden.

  -c configfile   Read settings from this file
  -a address      Listen on this address (default: ${DEFAULTS.ip}, all)
  -p port         Listen on this port for proxy connections; 0 is none (default: ${DEFAULTS.port})
  -L logfile      Write the log to this file; - is stderr (default: ${DEFAULTS.log})
  -N url          Base URL of the Luup engine (default: ${DEFAULTS.vera})
  -V url          The same as -N
  -D              Log every command, read, write and notification
  --optional-config
                  A configuration file that is not there counts as an empty one
  --check         Check the settings, print them (secrets masked) and exit with 0, or 1 if something is wrong
  --version       Print the version; -v does the same
  --help          Print this; -h does the same

Exit status: 0 after a clean end, 1 when something fails at run time (a port in use), 2 when options or files are wrong.`;

/** Splits an option and its value in one word, `-p2504` or `-p=2504`; undefined for other words. */
function attached(word: string): string[] | undefined {
  const [dash, letter = "", ...value] = word;
  if (dash !== "-" || !STRINGS.includes(letter) || value.length === 0) return undefined;
  return [`-${letter}`, value.join("").replace(/^=(?=.)/s, "")];
}

/** Splits the arguments into one group per option, its value with it. */
function groups(argv: readonly string[]): string[][] {
  const out: string[][] = [];
  for (const word of argv) {
    const optionAndValue = attached(word);
    const last = out.at(-1);
    if (optionAndValue !== undefined) out.push(optionAndValue);
    else if (/^--?[^-]/.test(word) || last === undefined) out.push([word]);
    else last.push(word);
  }
  return out;
}

function readGroup(group: readonly string[]): Result<Argument[]> {
  if (group.includes("--")) return fail('unexpected argument "--"');
  const unknown: string[] = [];
  const parsed = minimist([...group], {
    string: STRINGS,
    boolean: BOOLEANS,
    alias: { ...SHORT },
    unknown(word) {
      unknown.push(word);
      return false;
    },
  });
  const [culprit] = unknown;
  if (culprit !== undefined) {
    return fail(culprit.startsWith("-") ? unknownFlag(culprit, FLAGS) : `unexpected argument "${culprit}"`);
  }
  const found: Argument[] = [];
  for (const name of STRINGS) {
    const value: unknown = parsed[name];
    if (value === undefined) continue;
    if (typeof value !== "string" || value === "") return fail(`option -${name} wants a value`);
    const key = SETTINGS[name];
    found.push(
      key === undefined ? { kind: "file", path: value } : { kind: "setting", option: `-${name}`, key, text: value },
    );
  }
  if (parsed["D"] === true) found.push({ kind: "setting", option: "-D", key: "debug", text: "true" });
  for (const kind of ACTIONS) if (parsed[kind] === true) found.push({ kind });
  return ok(found);
}

/**
 * Reads the command line. The order of the options stays, because a later option overrides an earlier one (docs/configuration.md).
 *
 * @param argv without the program
 */
export function parseArguments(argv: readonly string[]): Result<Argument[]> {
  const problem = wordsProblem(argv);
  if (problem !== undefined) return fail(problem);
  const out: Argument[] = [];
  for (const group of groups(argv)) {
    const parsed = readGroup(group);
    if (!parsed.ok) return parsed;
    out.push(...parsed.value);
  }
  return ok(out);
}
