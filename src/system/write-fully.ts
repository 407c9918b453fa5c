import { constants, fstatSync, openSync, write } from "node:fs";

const RETRY_MS = 20;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Writes all bytes. While the reader of a pipe or terminal is slow, it waits without occupying a thread. */
export function writeFully(fd: number, bytes: Buffer, done: (error: Error | null) => void): void {
  write(fd, bytes, 0, bytes.length, null, (error, written) => {
    if (error === null && written < bytes.length) writeFully(fd, bytes.subarray(written), done);
    else if (error?.code === "EAGAIN") setTimeout(() => writeFully(fd, bytes, done), RETRY_MS);
    else done(error);
  });
}

/**
 * Returns a descriptor for stdout (1) or stderr (2) on which no write blocks. A blocking write to a halted terminal, or to a pipe that
 * nobody reads, would occupy a thread and keep the process from ending. The descriptor is opened again, because other programs share
 * the status flags of the original. Writes to files never block, and sockets cannot be opened this way: these keep the original.
 */
export function unblocked(fd: 1 | 2): number {
  try {
    const kind = fstatSync(fd);
    return kind.isFIFO() || kind.isCharacterDevice() ? openSync(`/proc/self/fd/${fd}`, WRITE) : fd;
  } catch {
    return fd;
  }
}
