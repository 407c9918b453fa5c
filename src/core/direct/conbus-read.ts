import { checkTelegram } from "../decode/conbus.js";

// function 02 reads a data point of the module with this serial number; the reply repeats both and adds the value
const READ = /^<S(\d{10}F02D[0-9A-Z]{2})[A-P]{2}>$/;
const REPLY = /^<R(\d{10}F02D[0-9A-Z]{2}).*[A-P]{2}>$/s;
const ALL_MODULES = "0000000000";
const LONGEST_READ = "<S0000000000F02D00AA>".length;

/**
 * What a Conbus telegram, brackets included, reads: a data point of one module, as `0020030837F02D12`. Nothing when it does
 * anything else, is for all modules, or its checksum is wrong.
 */
export function readKey(telegram: Buffer): string | undefined {
  return telegram.length > LONGEST_READ ? undefined : keyOf(READ, telegram);
}

/** What data point of which module a telegram tells as the reply to a read, in the form of {@link readKey}; nothing when none. */
export function replyKey(telegram: Buffer): string | undefined {
  return keyOf(REPLY, telegram);
}

/** Whether bytes outside of telegrams are white space only, as some programs end their telegrams with. */
export function isBlank(bytes: Buffer): boolean {
  return /^[\r\n\t ]*$/.test(bytes.toString("latin1"));
}

function keyOf(form: RegExp, telegram: Buffer): string | undefined {
  const key = form.exec(telegram.toString("latin1"))?.[1];
  return key === undefined || key.startsWith(ALL_MODULES) || checkTelegram(telegram) !== undefined ? undefined : key;
}
