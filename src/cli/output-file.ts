import { constants, createWriteStream, fchmodSync, fstatSync, ftruncateSync, open as openFile } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import { systemClock } from "../system/clock.js";
import { failed, type Started } from "./outcome.js";

/** What passes may hold passwords. */
const PRIVATE = 0o600;
/** Memory for bytes that the disk, or the reader of a FIFO, has not taken yet. */
const MAX_UNWRITTEN = 67_108_864;
/** How long the end waits for a reader of a FIFO or a pipe that takes nothing. */
const END_MS = 5000;
const STDOUT = "/dev/fd/1";
const open = promisify(openFile); // a FIFO without a reader holds a thread, not the process

/** A file that a command writes while it runs, or stdout. */
export interface OutputFile {
  write(data: string | Buffer): void;
}

/**
 * Runs a command that writes a file. SIGINT, SIGTERM and SIGHUP end it; the file is whole whenever it ends. What an older file holds goes with
 * the first write: a command that cannot begin costs nobody a recording.
 *
 * @param path `-` is stdout
 * @param over aborted by a signal, when nobody reads any more, or when the file cannot be written
 */
export async function withOutputFile(
  path: string,
  over: AbortController,
  run: (output: OutputFile) => Promise<Started>,
): Promise<Started> {
  let opened: Opened;
  try {
    opened = path === "-" ? await openStdout() : await openPrivate(path);
  } catch (error) {
    return failed(`${path}: ${(error as Error).message}`);
  }
  const { stream } = opened;
  let { old } = opened;
  const stop = (): void => over.abort();
  let problem: string | undefined;
  const broken = ({ code, message }: NodeJS.ErrnoException): void => {
    if (code !== "EPIPE") problem ??= `${path}: ${message}`;
    stop();
  };
  stream.on("error", broken);
  process.once("SIGINT", stop).once("SIGTERM", stop).once("SIGHUP", stop);
  const outcome = await run({
    write(data) {
      if (!stream.writable || problem !== undefined) return;
      if (old !== undefined) ftruncateSync(old);
      old = undefined;
      stream.write(data);
      if (stream.writableLength > MAX_UNWRITTEN) broken(new Error("what reads it is too slow"));
    },
  });
  if (stream !== process.stdout) await ended(stream, problem !== undefined).catch(broken);
  return problem === undefined ? outcome : failed(problem);
}

/** Ends a stream and waits until all is written. @param isBroken nothing more is to be written */
async function ended(stream: Writable, isBroken: boolean): Promise<void> {
  if (isBroken) return void stream.destroy();
  const limit = systemClock.after(END_MS, () => {
    stream.destroy(new Error(`what reads it takes no more: the last ${stream.writableLength} bytes are lost`));
  });
  await finished(stream.end()).finally(() => limit.cancel());
}

/** Where a command writes. */
interface Opened {
  readonly stream: Writable;
  /** The descriptor of a file that holds something older; undefined: none. */
  readonly old?: number;
}

/** Opens a file that only its owner may read from now on; or a FIFO or a device, which stay as they are. */
async function openPrivate(path: string): Promise<Opened> {
  const fd = await open(path, constants.O_WRONLY | constants.O_CREAT, PRIVATE);
  const stats = fstatSync(fd);
  if (stats.isFIFO()) return { stream: pipeOf(fd) };
  const stream = createWriteStream(path, { fd });
  if (!stats.isFile()) return { stream };
  makePrivate(fd);
  return { stream, old: fd };
}

function makePrivate(fd: number): void {
  try {
    fchmodSync(fd, PRIVATE);
  } catch {
    // a file of somebody else is theirs to protect
  }
}

/** A pipe is opened anew: a write of Node's own stdout holds the process until somebody reads, and no signal gets through. */
async function openStdout(): Promise<Opened> {
  if (!fstatSync(1).isFIFO()) return { stream: process.stdout };
  const fd = await open(STDOUT, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => undefined); // of another user, by sudo
  return { stream: fd === undefined ? process.stdout : pipeOf(fd) };
}

/** A pipe without a thread for each write: one that takes nothing holds the process no longer than it likes. */
function pipeOf(fd: number): Writable {
  return new Socket({ fd, readable: false, writable: true });
}
