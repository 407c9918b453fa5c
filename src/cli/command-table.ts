import type { CommandRow } from "../core/command-line/command-row.js";
import { RELOAD, STOP, UPGRADE } from "./control-arguments.js";
import { DOCTOR } from "./doctor-arguments.js";
import { MUX } from "./mux-arguments.js";
import { RECORD } from "./record-arguments.js";
import { REPLAY } from "./replay-arguments.js";
import { REVERSE_PROXY } from "./reverse-proxy-arguments.js";
import { SERVE } from "./serve-arguments.js";
import { STATUS } from "./status-arguments.js";
import { TUNNEL } from "./tunnel-arguments.js";
import { WATCH } from "./watch-arguments.js";

/** The subcommands, in the order that people see them. `--help`, the man page, the completions and the documents are made of them. */
const ROWS = [
  STATUS,
  STOP,
  RELOAD,
  UPGRADE,
  WATCH,
  RECORD,
  REPLAY,
  MUX,
  TUNNEL,
  DOCTOR,
  REVERSE_PROXY,
] as const satisfies readonly CommandRow[];

/** The first word of a command line that calls a subcommand. */
export type CommandName = (typeof ROWS)[number]["name"];

/** The subcommands, as rows like any other. */
export const SUBCOMMANDS: readonly CommandRow[] = ROWS;

/** All commands; the daemon itself first. */
export const ALL_COMMANDS: readonly CommandRow[] = [SERVE, ...ROWS];
