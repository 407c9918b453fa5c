import type { CommandRow } from "../core/command-line/command-row.js";
import { helpText } from "../core/command-line/help-text.js";
import type { Started } from "./outcome.js";

/** The outcome of `--help`. The program's own help lists its commands, whose tables nothing else needs. */
export async function help(row: CommandRow): Promise<Started> {
  const commands = row.name === "" ? (await import("./command-table.js")).SUBCOMMANDS : [];
  return { kind: "answer", text: helpText(row, commands) };
}
