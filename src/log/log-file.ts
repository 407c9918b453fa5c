import { accessSync, close, closeSync, constants, fstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { unblocked, writeFully } from "../system/write-fully.js";
import type { WriteText } from "./line-writer.js";
import { RotatingFile } from "./rotating-file.js";

const STDERR = 2;
/** O_NONBLOCK: a pipe without a reader is an error, not something to wait for. */
const APPEND = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK;

/** Where the log goes. */
export interface LogPlace {
  /** A file name; `-`: stderr. */
  readonly path: string;
  /** Largest size of the file, in bytes: then it rotates. 0: it never does; nor does a device or a pipe. */
  readonly size: number;
  /** Older files that are kept. */
  readonly files: number;
}

/** A file that the log is appended to, or stderr. */
export interface LogFile {
  readonly write: WriteText;
  /** Closes it; no write is under way. */
  close(): void;
}

/**
 * Opens a place of the log.
 *
 * @throws when it cannot be written to, or not rotated
 */
export function openLogFile({ path, size, files }: LogPlace): LogFile {
  if (path === "-") return descriptorFile(unblocked(STDERR), () => {});
  const fd = openSync(path, APPEND);
  if (size === 0 || !fstatSync(fd).isFile()) return descriptorFile(fd, () => close(fd, () => {}));
  closeSync(fd);
  checkFolder(dirname(path));
  return new RotatingFile(path, () => ({ size, files }));
}

/** A file that is full and cannot be renamed takes no more lines: better to say so at the start. */
function checkFolder(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`log-size: the log cannot be rotated, since this user may not write to the folder ${folder}`);
  }
}

function descriptorFile(fd: number, closeIt: () => void): LogFile {
  return { write: (text, done) => writeFully(fd, Buffer.from(text), done), close: closeIt };
}
