/** What an upgrade has done with the connections of the old process. */
export interface UpgradeReport {
  /** The version before, and the one that serves now. */
  readonly from: string;
  readonly to: string;
  /** The process that serves now. */
  readonly pid: number;
  readonly moved: number;
  /** The longest time in which a connection that moved was read by nobody, in milliseconds. */
  readonly longestMs: number;
  /** Connections that end where they are, by the reason. */
  readonly staying: ReadonlyMap<string, number>;
  /** After so long what has not ended is ended. */
  readonly limitMs: number;
}

/** The report in one line: the reply to UPGR, and a line of the log. */
export function upgradeText({ from, to, pid, moved, longestMs, staying, limitMs }: UpgradeReport): string {
  const versions = from === to ? to : `${from} to ${to}`;
  const pause = moved === 0 ? "" : `, the longest pause was ${Math.ceil(longestMs)} ms`;
  const count = [...staying.values()].reduce((sum, each) => sum + each, 0);
  const reasons = [...staying].map(([reason, each]) => `${each} ${reason}`).join(", ");
  const stayed =
    count === 0
      ? "none stays"
      : `${count === 1 ? "1 ends where it is" : `${count} end where they are`}, within ${limitMs / 1000} s (${reasons})`;
  return `${versions}, process ${pid}: ${moved} connection${moved === 1 ? "" : "s"} moved${pause}; ${stayed}`;
}
