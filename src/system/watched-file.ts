import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, unwatchFile, watchFile } from "node:fs";
import { fail, ok, type Result } from "../core/parse/result.js";
import type { Clock, Timer } from "./clock.js";

const POLL_MS = 500;
const SETTLE_MS = 250; // a program that writes a file in place empties it first
const MAX_BYTES = 65_536; // parsing blocks the event loop, and the time for YAML grows with the square of its keys
const READ = constants.O_RDONLY | constants.O_NONBLOCK; // the file may have become a FIFO since the check

/** The text of a file; undefined when there is no file. */
export type FileText = Result<string | undefined>;

/** A file that is read, and watched for a change of its content. */
export class WatchedFile {
  readonly path: string;
  readonly #clock: Clock;
  /** The content that is in use. */
  #inUse: FileText = ok(undefined);
  /** The content that was read last; it may be half written. */
  #seen: FileText = ok(undefined);
  #settling: Timer | undefined;
  #changed: () => void = () => {};

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /** Reads the file, to use its content. */
  read(): FileText {
    this.#inUse = readText(this.path);
    return this.#inUse;
  }

  /**
   * Watches the file from now on, whether it is written to, replaced, removed or created. Does not keep the process alive.
   *
   * @param changed called when the content differs from the one in use, and has stayed the same for {@link SETTLE_MS}
   */
  watch(changed: () => void): void {
    this.#changed = changed;
    watchFile(this.path, { interval: POLL_MS, persistent: false }, this.#look);
    this.#look(); // the file may have changed since it was read
  }

  /** Stops watching. */
  close(): void {
    unwatchFile(this.path, this.#look);
    this.#settling?.cancel();
  }

  readonly #look = (): void => {
    this.#seen = readText(this.path);
    this.#settle();
  };

  #settle(): void {
    this.#settling?.cancel();
    this.#settling = undefined;
    if (same(this.#seen, this.#inUse)) return;
    this.#settling = this.#clock.after(SETTLE_MS, () => {
      const before = this.#seen;
      this.#seen = readText(this.path);
      if (!same(this.#seen, before)) this.#settle();
      else if (!same(this.#seen, this.#inUse)) this.#changed();
    });
  }
}

function readText(path: string): FileText {
  try {
    if (!statSync(path).isFile()) return fail(`${path} is not a file`);
    const fd = openSync(path, READ);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return fail(`${path} is not a file`);
      if (stats.size > MAX_BYTES) return fail(`${path} has ${stats.size} bytes; ${MAX_BYTES} are the most`);
      return ok(readFileSync(fd, "utf8"));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? ok(undefined) : fail(`cannot read ${path}: ${message}`);
  }
}

function same(one: FileText, other: FileText): boolean {
  if (one.ok && other.ok) return one.value === other.value;
  return !one.ok && !other.ok && one.message === other.message;
}
