const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A text from outside made fit for one line of a log or a reply: control and formatting characters and line separators
 * become `?`, so that it cannot pass for another line or drive a terminal.
 */
export function printable(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(UNPRINTABLE, "?");
}

/** What is wrong with a value that has to fit into one line: it is not {@link printable}. Nothing when it is. */
export function lineObjection(text: string): string | undefined {
  const at = text.search(UNPRINTABLE);
  if (at < 0) return undefined;
  const code = text.codePointAt(at)?.toString(16).toUpperCase().padStart(4, "0");
  return `the control character U+${code} cannot be in it`;
}

/** Whether `text` is this word (upper case), in any case. Letters that merely fold to it, as ſ does to S, are other letters. */
export function sameWord(word: string, text: string): boolean {
  return text.length === word.length && /^[\x21-\x7e]*$/.test(text) && text.toUpperCase() === word;
}

/** What a log tells of a fault of the program, in one line. */
export function faultText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `fault in the program: ${text.replaceAll(/\n\s*/g, " | ")}`;
}
