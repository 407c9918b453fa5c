import { constants, ftruncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { failed, type Started } from "./outcome.js";

/** What passes may hold passwords. */
const PRIVATE = 0o600;
/** Memory for bytes that the disk, or the reader of a FIFO, has not taken yet. */
const MAX_UNWRITTEN = 67_108_864;

/** A file that a command writes while it runs, or stdout. */
export interface OutputFile {
  write(data: string | Buffer): void;
}

/**
 * Runs a command that writes a file. SIGINT and SIGTERM end it; the file is whole whenever it ends. What an older file holds goes with the first
 * write: a command that cannot begin costs nobody a recording.
 *
 * @param path `-` is stdout
 * @param over aborted by a signal, when nobody reads any more, or when the file cannot be written
 */
export async function withOutputFile(
  path: string,
  over: AbortController,
  run: (output: OutputFile) => Promise<Started>,
): Promise<Started> {
  let opened: Awaited<ReturnType<typeof openPrivate>> | undefined;
  try {
    if (path !== "-") opened = await openPrivate(path);
  } catch (error) {
    return failed(`${path}: ${(error as Error).message}`);
  }
  const output = opened?.file.createWriteStream() ?? process.stdout;
  let old = opened?.isRegular ? opened.file : undefined;
  const stop = (): void => over.abort();
  let problem: string | undefined;
  const broken = ({ code, message }: NodeJS.ErrnoException): void => {
    if (code !== "EPIPE") problem ??= `${path}: ${message}`;
    stop();
  };
  output.on("error", broken);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const outcome = await run({
    write(data) {
      if (!output.writable || problem !== undefined) return;
      if (old !== undefined) ftruncateSync(old.fd);
      old = undefined;
      output.write(data);
      if (output.writableLength > MAX_UNWRITTEN) broken(new Error("what reads it is too slow"));
    },
  });
  if (output !== process.stdout && problem === undefined) await finished(output.end()).catch(broken);
  return problem === undefined ? outcome : failed(problem);
}

/** Opens a file that only its owner may read from now on; or a FIFO or a device, which stay as they are. */
async function openPrivate(path: string): Promise<{ readonly file: FileHandle; readonly isRegular: boolean }> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT, PRIVATE);
  const isRegular = (await file.stat()).isFile();
  if (isRegular) await file.chmod(PRIVATE).catch(() => {}); // a file of somebody else is theirs to protect
  return { file, isRegular };
}
