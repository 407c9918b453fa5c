import { printable, sameWord } from "../parse/text.js";
import type { CommandContext, CommandOutcome } from "./command.js";

/** Longest command word that a reply repeats, in characters. Commands have four letters; a client may send anything. */
const MAX_ECHOED_WORD = 16;

/** Longest message of an ERR reply, in characters: room for every message of the daemon with a sensible input quoted in it. */
const MAX_MESSAGE = 300;

/** One line of setup mode after its command ran. */
export interface CommandRun {
  /** The command word as a reply repeats it: upper case, printable, at most 16 characters. `LINE` where there is none. */
  readonly word: string;
  readonly outcome: CommandOutcome;
}

function replyWord(word: string): string {
  return word
    .toUpperCase()
    .replace(/[^\x21-\x7e]/g, "?")
    .slice(0, MAX_ECHOED_WORD);
}

/**
 * Runs one line of setup mode (docs/protocol.md). The caller carries the outcome out; this function only decides.
 *
 * @param line the line as received, without its LF
 * @returns the outcome; undefined for a blank line, which setup mode ignores
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

/**
 * The reply to a command that failed, without its LF. The caller closes the connection after it.
 *
 * @param word the command word, as in {@link CommandRun.word}
 * @param message may quote input: control characters are replaced, and the end is cut off after 300 characters
 */
export function errorReply(word: string, message: string): string {
  return `ERR ${word} ${printable(message).slice(0, MAX_MESSAGE)}`;
}
