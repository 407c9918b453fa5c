import type { HostPort } from "../net/address.js";
import type { Permission } from "../net/permissions.js";
import type { ConnOptions } from "../options/conn-options.js";
import type { ConnRequest } from "../options/conn-request.js";
import type { DaemonReport } from "../status/daemon-status.js";
import type { Gathering } from "../status/gathering.js";
import type { WatchedPlaces, WatchRequest } from "./watch-request.js";

/** What a command can see and ask. */
export interface CommandContext {
  /** The identifier in the greeting of this connection. */
  readonly connectionId: string;
  readonly build: number;
  /** Every command, for HELP and CAPA. */
  readonly commands: readonly Command[];
  /** Options that NTFY, BLKS, RTIM and PACE have set for the CONN that follows. */
  readonly presetOptions: Partial<ConnOptions>;
  /** Why this client lacks the permission; undefined when the client has it. */
  denialReason(permission: Permission): string | undefined;
  /** Why a client cannot have these options here; undefined: it can. */
  optionProblem(options: ConnOptions): string | undefined;
  status(): Gathering<DaemonReport>;
  readonly places: WatchedPlaces;
}

/** What the session does after a command. Texts come without the final LF. */
export type CommandOutcome =
  | { readonly kind: "reply"; readonly text: string; readonly presetOptions?: Partial<ConnOptions> }
  /** A long reply: the session makes each piece only when the client has taken the one before. */
  | { readonly kind: "report"; readonly pieces: Iterable<string> }
  /** The session sends the reply and closes the connection. */
  | { readonly kind: "quit"; readonly text: string }
  /** Setup mode ends; the session connects to the remote and replies when that has succeeded or failed. */
  | { readonly kind: "dial"; readonly request: ConnRequest }
  /** The session sends the reply, then stops the daemon. */
  | { readonly kind: "stop"; readonly text: string }
  /** The session reads the configuration again, then sends the reply. */
  | { readonly kind: "reload"; readonly text: string }
  /** The session hands the daemon over to the program that is on disk now, then sends the reply, and what has moved. */
  | { readonly kind: "upgrade"; readonly text: string }
  /** The daemon links to a tunnel server as its device and offers it one service, then the session sends the reply. */
  | { readonly kind: "device"; readonly text: string; readonly server: HostPort; readonly service: HostPort }
  /** Setup mode ends; the session sends the reply, then every message that the request selects. */
  | { readonly kind: "watch"; readonly text: string; readonly request: WatchRequest }
  /** The session sends `ERR <command> <message>` and closes the connection. */
  | { readonly kind: "error"; readonly message: string };

/** A command of setup mode: one file in `commands/` and one line in `commands/commands.ts`. */
export interface Command {
  /** Upper case; clients may send it in any case. */
  readonly word: string;
  /** The first column of HELP. */
  readonly usage: string;
  /** The second column of HELP, one entry a line. */
  readonly help: readonly string[];
  /** The words that CAPA reports because this command exists. */
  readonly capabilities: readonly string[];
  /** @param args the text after the command word, trimmed; the original ignores it behind HELP, STAT, CAPA and QUIT, and so does this daemon */
  run(args: string, context: CommandContext): CommandOutcome;
}

/** The error of a command without arguments that was given some; undefined when `args` is empty. */
export function noArguments(args: string): CommandOutcome | undefined {
  return args === "" ? undefined : { kind: "error", message: `takes no argument, got "${args}"` };
}
