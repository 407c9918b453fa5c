import type { Verb } from "../verb.js";
import { bild } from "./bild.js";
import { capa } from "./capa.js";
import { conn } from "./conn.js";
import { help } from "./help.js";
import { preset } from "./preset.js";
import { quit } from "./quit.js";
import { reld } from "./reld.js";
import { stat } from "./stat.js";
import { stop } from "./stop.js";
import { tcpr } from "./tcpr.js";
import { wtch } from "./wtch.js";

/** All commands of setup mode, in the order HELP shows them. A new one is a file and a line here. */
export const VERBS: readonly Verb[] = [
  conn,
  stat,
  wtch,
  tcpr,
  capa,
  quit,
  stop,
  reld,
  help,
  bild,
  preset("NTFY"),
  preset("BLKS"),
  preset("RTIM"),
  preset("PACE"),
];
