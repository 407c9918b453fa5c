import { OPTIONS } from "../../options/conn-options.js";
import { findRow } from "../../options/option-table.js";
import type { Command } from "../command.js";

/**
 * A CONN option as a command of its own: `NTFY dev sid act [pid]`, `BLKS n`, `RTIM ms`, `PACE s`. Older plugins send these
 * before CONN; they set what it will use.
 *
 * @throws {Error} when `key` names no option that may be given so
 */
export function optionCommand(key: string): Command {
  const option = findRow(OPTIONS, key);
  const separator = option?.commandSeparator;
  if (option === undefined || separator === undefined) throw new Error(`${key} is no option that can be preset`);
  const usage = option.usage.replaceAll(/[=/]/g, " ").replace("[ ", " [");
  return {
    word: option.key,
    usage,
    help: [`Set ${option.key} for the CONN that follows.`],
    capabilities: [],
    run(args) {
      const words = args.split(/\s+/);
      const value = separator === "" ? args : words.join(separator);
      const parsed = option.parse(value);
      return parsed.ok
        ? { kind: "reply", text: `OK ${option.key}`, presetOptions: parsed.value }
        : { kind: "error", message: `bad value "${args}": ${parsed.message}; ${usage} is wanted` };
    },
  };
}
