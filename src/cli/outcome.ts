import type { Daemon } from "../daemon/daemon.js";
import type { Log } from "../log/log.js";

/** The exit statuses of the program. */
export const EXIT = { clean: 0, failed: 1, usage: 2, notRunning: 3 } as const;

/** The outcome of a command line: a daemon that runs, or a text to print and an exit status. */
export type Started =
  | { readonly kind: "running"; readonly daemon: Daemon; readonly log: Log }
  /** `isStyled`: the text is printable already, and colours stand in it. */
  | { readonly kind: "answer"; readonly text: string; readonly status?: number; readonly isStyled?: true }
  /** `lines` go to stderr; there are none where all is said already. */
  | { readonly kind: "wrong"; readonly lines: readonly string[]; readonly status: number };

/** The remark of a reload where the command line is the whole configuration. */
export const COMMAND_LINE_ONLY = "there is no configuration file, as the command line says everything";

/** Prints a line on the terminal, for what the log itself cannot say. */
export type Complain = (text: string) => void;

/** The outcome of a command that has done its work and printed it already. */
export const DONE: Started = { kind: "wrong", lines: [], status: EXIT.clean };

/** The outcome of a command that has failed at run time. */
export function failed(...lines: readonly string[]): Started {
  return { kind: "wrong", lines, status: EXIT.failed };
}

/** The outcome of a wrong command line. */
export function misused(...lines: readonly string[]): Started {
  return { kind: "wrong", lines, status: EXIT.usage };
}
