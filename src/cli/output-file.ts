import { once } from "node:events";
import { createWriteStream } from "node:fs";
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
 * Runs a command that writes a file. SIGINT and SIGTERM end it; the file is whole whenever it ends.
 *
 * @param path `-` is stdout
 * @param over aborted by a signal, when nobody reads any more, or when the file cannot be written
 */
export async function withOutputFile(
  path: string,
  over: AbortController,
  run: (output: OutputFile) => Promise<Started>,
): Promise<Started> {
  const output = path === "-" ? process.stdout : createWriteStream(path, { mode: PRIVATE });
  const stop = (): void => over.abort();
  let problem: string | undefined;
  const broken = ({ code, message }: NodeJS.ErrnoException): void => {
    if (code !== "EPIPE") problem ??= `${path}: ${message}`;
    stop();
  };
  try {
    if (path !== "-") await once(output, "open");
  } catch (error) {
    return failed(`${path}: ${(error as Error).message}`);
  }
  output.on("error", broken);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const outcome = await run({
    write(data) {
      if (!output.writable || problem !== undefined) return;
      output.write(data);
      if (output.writableLength > MAX_UNWRITTEN) broken(new Error("what reads it is too slow"));
    },
  });
  if (output !== process.stdout && problem === undefined) await finished(output.end()).catch(broken);
  return problem === undefined ? outcome : failed(problem);
}
