import { OPTIONS } from "../../options/conn-option-rows.js";
import { findRow } from "../../options/option-table.js";
import type { Command } from "../command.js";

/**
 * A CONN option as a command of its own: `NTFY dev sid act [pid]`, `BLKS n`, `RTIM ms`, `PACE s`. Older plugins send such commands
 * before CONN (docs/protocol.md); an option on the CONN line overrides them.
 *
 * @param key the option's key, whose row must have a `commandSeparator`
 * @throws {Error} when no such row exists: a mistake in the source
 */
export function optionCommand(key: string): Command {
  const option = findRow(OPTIONS, key);
  const separator = option?.commandSeparator;
  if (option === undefined || separator === undefined) throw new Error(`no option ${key} has a command of its own`);
  const usage = option.usage.replaceAll(/[=/]/g, " ").replace("[ ", " [");
  return {
    word: option.key,
    usage,
    help: [`Set ${option.key} for the CONN that follows.`],
    capabilities: [],
    run(args) {
      const words = args.split(/\s+/);
      const value = separator === "" ? args : words.join(separator);
      const parsed = option.parse(value, "wire");
      return parsed.ok
        ? { kind: "reply", text: `OK ${option.key}`, presetOptions: parsed.value }
        : { kind: "error", message: `bad value "${args}": ${parsed.message}; ${usage} is wanted` };
    },
  };
}
