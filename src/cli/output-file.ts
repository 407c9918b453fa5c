import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { EXIT, type Started } from "./outcome.js";

/** What passes may hold passwords. */
const PRIVATE = 0o600;

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
  const failed = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") problem = `${path}: ${error.message}`;
    stop();
  };
  try {
    if (path !== "-") await once(output, "open");
  } catch (error) {
    return { kind: "wrong", lines: [`${path}: ${(error as Error).message}`], status: EXIT.failed };
  }
  output.on("error", failed);
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const outcome = await run({
    write(data) {
      if (output.writable) output.write(data);
    },
  });
  if (output !== process.stdout) await finished(output.end()).catch(failed);
  return problem === undefined ? outcome : { kind: "wrong", lines: [problem], status: EXIT.failed };
}
