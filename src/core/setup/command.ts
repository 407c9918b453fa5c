import type { Permission } from "../net/access-patterns.js";
import type { HostPort } from "../net/address.js";
import type { ConnOptions } from "../options/conn-options.js";
import type { ConnRequest } from "../options/conn-request.js";
import type { DaemonReport } from "../status/daemon-status.js";
import type { WatchRequest } from "./watch-request.js";

/** What a command may know of its surroundings. */
export interface CommandContext {
  readonly connectionId: string;
  readonly build: number;
  readonly commands: readonly Command[];
  /** What commands before this one have set for a later CONN. */
  readonly presetOptions: Partial<ConnOptions>;
  /** Why this client may not do this; nothing when it may. */
  denialReason(permission: Permission): string | undefined;
  status(): DaemonReport;
}

/** What a command leads to. Texts come without the final LF. */
export type CommandOutcome =
  | { readonly kind: "reply"; readonly text: string; readonly presetOptions?: Partial<ConnOptions> }
  /** A reply that may be long: its pieces are made as the client takes them. */
  | { readonly kind: "report"; readonly pieces: Iterable<string> }
  /** The last reply; the connection is closed after it. */
  | { readonly kind: "bye"; readonly text: string }
  | { readonly kind: "dial"; readonly request: ConnRequest }
  | { readonly kind: "stop"; readonly text: string }
  /** The reply follows when the configuration has been read again. */
  | { readonly kind: "reload"; readonly text: string }
  /** Has this machine be the device of a server, for one service; the reply follows when that has begun. */
  | { readonly kind: "device"; readonly text: string; readonly server: HostPort; readonly service: HostPort }
  /** From here on the client sees messages, and nothing else. */
  | { readonly kind: "watch"; readonly text: string; readonly request: WatchRequest }
  /** `ERR <command> <message>`; the connection is closed after it. */
  | { readonly kind: "error"; readonly message: string };

/** A command of setup mode. */
export interface Command {
  /** In upper case. */
  readonly word: string;
  readonly usage: string;
  readonly help: readonly string[];
  /** Words CAPA reports for it. */
  readonly capabilities: readonly string[];
  /** @param args what follows the command word, trimmed */
  run(args: string, context: CommandContext): CommandOutcome;
}

/** The outcome for arguments where none are taken, or nothing when there are none. */
export function noArguments(args: string): CommandOutcome | undefined {
  return args === "" ? undefined : { kind: "error", message: `takes no argument, got "${args}"` };
}
