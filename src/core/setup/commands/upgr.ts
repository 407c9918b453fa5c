import { type Command, noArguments } from "../command.js";

export const upgr = {
  word: "UPGR",
  usage: "UPGR",
  help: ["Hand over to the program that is on disk now, as STOP is permitted. Connections stay open."],
  capabilities: ["UPGR"],
  run(args, { denialReason }) {
    const wrong = noArguments(args);
    if (wrong !== undefined) return wrong;
    const message = denialReason("stop");
    return message === undefined ? { kind: "upgrade", text: "OK UPGR" } : { kind: "error", message };
  },
} satisfies Command;
