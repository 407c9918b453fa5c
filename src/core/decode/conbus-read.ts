import { checkTelegram } from "./conbus.js";

// Conbus function 02 reads a datapoint of the module with this serial number. The reply repeats serial number and datapoint, and adds the
// value (docs/direct.md).
const READ = /^<S(\d{10}F02D[0-9A-Z]{2})[A-P]{2}>$/;
const REPLY = /^<R(\d{10}F02D[0-9A-Z]{2}).*[A-P]{2}>$/s;
/** A serial number that stands for every module. */
export const ALL_MODULES = "0000000000";
const LONGEST_READ = "<S0000000000F02D00AA>".length;

/**
 * The datapoint of one module that a Conbus telegram reads, as `0020030837F02D12`. Undefined when the telegram does anything else, is for
 * all modules, or has a wrong checksum.
 *
 * @param telegram with its brackets
 */
export function readKey(telegram: Buffer): string | undefined {
  return telegram.length > LONGEST_READ ? undefined : keyOf(READ, telegram);
}

/** The datapoint whose value a telegram reports, in the form of {@link readKey}; undefined when it reports none. */
export function replyKey(telegram: Buffer): string | undefined {
  return keyOf(REPLY, telegram);
}

/** Whether bytes are white space: some programs put a line end behind their telegrams. */
export function isBlank(bytes: Buffer): boolean {
  return /^[\r\n\t ]*$/.test(bytes.toString("latin1"));
}

function keyOf(form: RegExp, telegram: Buffer): string | undefined {
  const key = form.exec(telegram.toString("latin1"))?.[1];
  return key === undefined || key.startsWith(ALL_MODULES) || checkTelegram(telegram) !== undefined ? undefined : key;
}
