import minimist from "minimist";
import { type CommandRow, HELP_FLAG } from "../core/command-line/command-row.js";
import { DEFAULT_SETTINGS } from "../core/config/keys.js";
import type { Values } from "../core/config/settings.js";
import { fail, ok, type Result } from "../core/parse/result.js";
import { minimistOptions, unknownFlag, wordsProblem } from "./flags.js";

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
const DEFAULTS = DEFAULT_SETTINGS;

/** The daemon itself, as `--help` and the man page show it. */
export const SERVE = {
  name: "",
  summary: "TCP gateway daemon for home-automation hubs",
  usage: [{ words: "[options]" }, { words: "command [options]" }],
  description: [
    "Lets plugins of Vera and openLuup reach devices by TCP, and tells them when data waits; relays and shares devices as its configuration file says.",
    "Runs until SIGINT or SIGTERM. Options take effect in the order given: what follows -c overrides the file, what precedes it is overridden.",
  ],
  options: [
    { names: ["c", "config"], value: "file", help: "Read settings from this file", offers: "files" },
    { names: ["a"], value: "address", help: "Listen on this address", defaultText: `${DEFAULTS.ip}, all` },
    {
      names: ["p"],
      value: "port",
      help: "Listen on this port for proxy connections; 0 is none",
      defaultText: String(DEFAULTS.port),
    },
    {
      names: ["L"],
      value: "file",
      help: "Write the log to this file; - is stderr",
      defaultText: DEFAULTS.log,
      offers: "files",
    },
    { names: ["N"], value: "url", help: "Base URL of the Luup engine", defaultText: DEFAULTS.vera },
    { names: ["V"], value: "url", help: "The same as -N" },
    { names: ["D"], help: "Log every command, read, write and notification" },
    { names: ["optional-config"], help: "A configuration file that is not there counts as an empty one" },
    {
      names: ["check"],
      help: "Check the settings, print them (secrets masked) and exit with 0, or 1 if something is wrong",
    },
    { names: ["v", "version"], help: "Print the version" },
    HELP_FLAG,
  ],
  exits: [
    [0, "after a clean end"],
    [1, "when something fails at run time (a port in use)"],
    [2, "when options or files are wrong"],
  ],
  examples: [
    { words: "-c /etc/sockproxyd.conf --check", help: "Check a configuration file before it is used" },
    { words: "-c /etc/sockproxyd.conf", help: "Run with this file; SIGHUP reads it again" },
    { words: "-N http://192.168.0.20:3480 -L /var/log/sockproxyd.log", help: "Serve the plugins of another machine" },
  ],
} as const satisfies CommandRow;

const MINIMIST = minimistOptions(SERVE.options);
const VALUED: readonly string[] = SERVE.options.filter((row) => "value" in row).map(({ names: [name] }) => name);

/** Splits an option and its value in one word, `-p2504` or `-p=2504`; undefined for other words. */
function attached(word: string): string[] | undefined {
  const [dash, letter = "", ...value] = word;
  if (dash !== "-" || !VALUED.includes(letter) || value.length === 0) return undefined;
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
    ...MINIMIST,
    unknown(word) {
      unknown.push(word);
      return false;
    },
  });
  const [culprit] = unknown;
  if (culprit !== undefined) {
    return fail(culprit.startsWith("-") ? unknownFlag(culprit, SERVE.options) : `unexpected argument "${culprit}"`);
  }
  const found: Argument[] = [];
  for (const name of VALUED) {
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
