import { printable, sameWord } from "../parse/text.js";
import type { CommandContext, CommandOutcome } from "./command.js";

const MAX_ECHOED_WORD = 16; // commands have four letters; the rest of what someone sent is not ours to repeat

const MAX_MESSAGE = 300; // long enough for any message of ours with a sensible input quoted in it

/** A command that has been run: its word, fit for a reply, and what it leads to. */
export interface CommandRun {
  readonly word: string;
  readonly outcome: CommandOutcome;
}

/** A command word as it may stand in a reply: upper case, printable, short. */
function replyWord(word: string): string {
  return word
    .toUpperCase()
    .replace(/[^\x21-\x7e]/g, "?")
    .slice(0, MAX_ECHOED_WORD);
}

/**
 * Runs one line of setup mode (seed, "Talking to the Proxy").
 *
 * @param line without its LF
 * @returns nothing for a blank line, which is ignored
 */
export function runCommand(line: string, context: CommandContext): CommandRun | undefined {
  const text = line.trim();
  const [first = ""] = text.split(/\s/, 1);
  if (line.includes("\r")) {
    return {
      word: first === "" ? "LINE" : replyWord(first),
      outcome: { kind: "error", message: "carriage return in the line; lines end in a line feed alone" },
    };
  }
  if (text === "") return undefined;
  const word = replyWord(first);
  const verb = context.commands.find((candidate) => sameWord(candidate.word, first));
  const outcome: CommandOutcome =
    verb === undefined
      ? { kind: "error", message: "unknown command; HELP lists the commands" }
      : verb.run(text.slice(first.length).trim(), context);
  return { word, outcome };
}

/** The reply to a command that failed, without LF. Control characters of a quoted input never reach the reply. */
export function errorReply(word: string, message: string): string {
  return `ERR ${word} ${printable(message).slice(0, MAX_MESSAGE)}`;
}
