import { fail, ok, type Result } from "../parse/result.js";
import type { Range } from "./recording.js";

/** What is to be masked in messages. */
export type MaskRule =
  /** `goesOn`: the text may be cut where it ends, and so may what is wanted. */
  | { readonly kind: "bytes"; readonly find: (text: string, goesOn: boolean) => Range[] }
  /** The values of Modbus registers, by their addresses on the wire. */
  | { readonly kind: "registers"; readonly from: number; readonly to: number };

/**
 * Values behind names that say what they are: headers, forms, JSON, JSON inside of JSON, prompts, XML. A group stands for the part that is masked.
 */
const PASSWORDS = [
  /^(?:proxy-)?(?:authorization|x-api-key|cookie|set-cookie):[ \t]*([^\r\n]+)/dgim,
  /(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|pin)\\?["']?\s{0,9}[=:]\s{0,9}\\?["']?([^\s"'&,;<>]+)/dgi,
  /(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|pin)\\?["']?\s{0,9}[=:]\s{0,9}\\?"((?:[^"\\]|\\[\s\S])+)/dgi,
  /(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|pin)\\?["']?\s{0,9}[=:]\s{0,9}\\?'((?:[^'\\]|\\[\s\S])+)/dgi,
  /<[\w:.-]{0,64}(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|pin)[^<>]{0,256}>([^<]+)/dgi,
];
/** The least of a text, cut off at the end of a read, that counts as a beginning of it. */
const MIN_BEGINNING = 2;
const HEX = /^(?:hex:|0x)((?:[0-9a-f]{2})+)$/i;
const REGEX = /^\/(.+)\/([iu]*)$/;
const REGISTERS = /^registers:(\d{1,5})(?:-(\d{1,5}))?$/;
const ADDRESS_MAX = 0xffff;

/** How `--mask` is written, for messages and help. */
export const MASK_FORMS = "passwords, registers:40-55, hex:0a0b, /regular expression/ or a text";

/** Reads one `--mask`. */
export function parseMask(text: string): Result<readonly MaskRule[]> {
  if (text === "passwords") return ok(PASSWORDS.map((pattern) => ({ kind: "bytes", find: finder(pattern) })));
  const registers = REGISTERS.exec(text);
  if (registers !== null) {
    const [from, to] = [Number(registers[1]), Number(registers[2] ?? registers[1])];
    if (from > to || to > ADDRESS_MAX)
      return fail(`bad --mask "${text}": registers from 0 to ${ADDRESS_MAX} are wanted`);
    return ok([{ kind: "registers", from, to }]);
  }
  const hex = HEX.exec(text)?.[1];
  if (hex !== undefined) return ok([literal(Buffer.from(hex, "hex").toString("latin1"))]);
  if (/^(?:hex|registers):/.test(text) || text === "") return fail(`bad --mask "${text}": ${MASK_FORMS} is wanted`);
  const [, source, flags = ""] = REGEX.exec(text) ?? [];
  if (source === undefined) return ok([literal(Buffer.from(text, "utf8").toString("latin1"))]);
  try {
    return ok([{ kind: "bytes", find: finder(new RegExp(source, `${flags}dg`)) }]);
  } catch (error) {
    return fail(`bad --mask "${text}": ${(error as Error).message}`);
  }
}

/** Finds a text wherever it stands. */
function literal(wanted: string): MaskRule {
  return {
    kind: "bytes",
    find(text, goesOn) {
      const found: Range[] = goesOn ? beginningAtEnd(text, wanted) : [];
      for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
        found.push([at, wanted.length]);
      }
      return found;
    },
  };
}

/** The longest beginning of a text that stands at the end of another. */
function beginningAtEnd(text: string, wanted: string): Range[] {
  for (let length = Math.min(wanted.length - 1, text.length); length >= MIN_BEGINNING; length -= 1) {
    if (text.endsWith(wanted.slice(0, length))) return [[text.length - length, length]];
  }
  return [];
}

/** Finds the first group of a pattern, or all of it where it has no group. @param pattern with the flags `d` and `g` */
function finder(pattern: RegExp): (text: string) => Range[] {
  return (text) =>
    [...text.matchAll(pattern)].flatMap(({ indices }) => {
      const [begin, end] = indices?.[1] ?? indices?.[0] ?? [0, 0];
      return end > begin ? [[begin, end - begin] as const] : [];
    });
}
