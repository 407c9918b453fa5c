import { OPTIONS } from "../../options/conn-option-rows.js";
import type { Command } from "../command.js";

/** The capabilities of the original SockProxy, in its order: plugins look for these words. */
const ORIGINAL = ["BLKS", "RTIM", "NTFY", "PACE", "CONN", "UDP"];

export const capa = {
  word: "CAPA",
  usage: "CAPA",
  help: ["Show the abilities of this version, one word each."],
  capabilities: [],
  run(_args, { commands }) {
    const words = new Set([...ORIGINAL, ...[...OPTIONS, ...commands].flatMap((row) => row.capabilities)]);
    return { kind: "reply", text: `OK CAPA ${[...words].join(" ")}` };
  },
} satisfies Command;
