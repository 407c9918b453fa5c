import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, unwatchFile, watchFile } from "node:fs";
import { fail, ok, type Result } from "../core/parse/result.js";
import type { Clock, Timer } from "./clock.js";

const LOOK_EVERY_MS = 500;
const SETTLE_MS = 250; // who writes a file in place empties it first
const MAX_SIZE = 65_536; // what is read out of it holds everything up meanwhile: the time for YAML grows with the square of its keys
const READ = constants.O_RDONLY | constants.O_NONBLOCK; // it may have become a FIFO since it was looked at

/** The text of a file, or nothing when there is none. */
export type FileText = Result<string | undefined>;

/** A file that is read, and watched for other content. */
export class WatchedFile {
  readonly path: string;
  readonly #clock: Clock;
  /** What was read last. */
  #taken: FileText = ok(undefined);
  /** What is there now, and may be half written. */
  #seen: FileText = ok(undefined);
  #settling: Timer | undefined;
  #changed: () => void = () => {};

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /** Reads it, for use. */
  take(): FileText {
    this.#taken = readText(this.path);
    return this.#taken;
  }

  /**
   * Watches it from now on: written to, replaced, removed, or there again. Keeps no process alive.
   *
   * @param changed called when it has other content than what was taken, and has had it for a moment
   */
  watch(changed: () => void): void {
    this.#changed = changed;
    watchFile(this.path, { interval: LOOK_EVERY_MS, persistent: false }, this.#look);
    this.#look(); // it may have changed since it was taken
  }

  /** Has done with it. */
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
    if (same(this.#seen, this.#taken)) return;
    this.#settling = this.#clock.after(SETTLE_MS, () => {
      const before = this.#seen;
      this.#seen = readText(this.path);
      if (!same(this.#seen, before)) this.#settle();
      else if (!same(this.#seen, this.#taken)) this.#changed();
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
      if (stats.size > MAX_SIZE) return fail(`${path} has ${stats.size} bytes; ${MAX_SIZE} are the most`);
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
