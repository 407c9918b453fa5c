import type { LogLevel } from "../core/config/settings.js";

/** One line of the log. */
export interface LogLine {
  readonly epochMs: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** Sees each line that the log writes. */
export interface LogObserver {
  noted(level: LogLevel, text: string): void;
}

/** Lines that are kept: a page that opens shows what has happened. */
export const MAX_TAIL = 200;
const MAX_TEXT = 2000; // characters: 200 lines take 800 KB at most

/** The last lines of the log, and those to come for whoever follows it. */
export class LogTail implements LogObserver {
  readonly #epochMs: () => number;
  readonly #lines: LogLine[] = [];
  /** Where the next line goes once {@link MAX_TAIL} are there: that of the oldest. */
  #oldest = 0;
  readonly #followers = new Set<(line: LogLine) => void>();

  /** @param epochMs the time of day */
  constructor(epochMs: () => number) {
    this.#epochMs = epochMs;
  }

  noted(level: LogLevel, text: string): void {
    const line = { epochMs: this.#epochMs(), level, text: text.slice(0, MAX_TEXT) };
    if (this.#lines.length < MAX_TAIL) {
      this.#lines.push(line);
    } else {
      this.#lines[this.#oldest] = line;
      this.#oldest = (this.#oldest + 1) % MAX_TAIL;
    }
    for (const follower of this.#followers) follower(line);
  }

  /** The last `count` lines, the oldest first. */
  last(count: number): LogLine[] {
    const all = [...this.#lines.slice(this.#oldest), ...this.#lines.slice(0, this.#oldest)];
    return count === 0 ? [] : all.slice(-count);
  }

  /** Calls `follower` with each line to come. It must not log anything itself. */
  follow(follower: (line: LogLine) => void): void {
    this.#followers.add(follower);
  }

  unfollow(follower: (line: LogLine) => void): void {
    this.#followers.delete(follower);
  }
}
