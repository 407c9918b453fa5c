import { constants, fstatSync, openSync, write } from "node:fs";

const BUSY_MS = 20;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Writes all of it; a pipe or a terminal whose reader is slow is waited for, without a thread. */
export function writeFully(fd: number, bytes: Buffer, done: (error: Error | null) => void): void {
  write(fd, bytes, 0, bytes.length, null, (error, written) => {
    if (error === null && written < bytes.length) writeFully(fd, bytes.subarray(written), done);
    else if (error?.code === "EAGAIN") setTimeout(() => writeFully(fd, bytes, done), BUSY_MS);
    else done(error);
  });
}

/**
 * A descriptor for stdout (1) or stderr (2) that no write hangs on. A terminal that is halted, or a pipe that nobody reads, would
 * otherwise keep a thread, and at the end the whole process, waiting. It is opened anew, since the file status flags of the
 * original are shared with other programs. Files do not hang, and sockets cannot be opened this way: the original, then.
 */
export function unblocked(fd: 1 | 2): number {
  try {
    const kind = fstatSync(fd);
    return kind.isFIFO() || kind.isCharacterDevice() ? openSync(`/proc/self/fd/${fd}`, WRITE) : fd;
  } catch {
    return fd;
  }
}
