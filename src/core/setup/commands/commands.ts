import type { Command } from "../command.js";
import { bild } from "./bild.js";
import { capa } from "./capa.js";
import { conn } from "./conn.js";
import { help } from "./help.js";
import { optionCommand } from "./option-command.js";
import { quit } from "./quit.js";
import { reld } from "./reld.js";
import { stat } from "./stat.js";
import { stop } from "./stop.js";
import { tcpr } from "./tcpr.js";
import { upgr } from "./upgr.js";
import { wtch } from "./wtch.js";

/** All commands of setup mode, in the order of HELP. */
export const COMMANDS: readonly Command[] = [
  conn,
  stat,
  wtch,
  tcpr,
  capa,
  quit,
  stop,
  reld,
  upgr,
  help,
  bild,
  optionCommand("NTFY"),
  optionCommand("BLKS"),
  optionCommand("RTIM"),
  optionCommand("PACE"),
];
