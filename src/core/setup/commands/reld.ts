import { type Command, noArguments } from "../command.js";

export const reld = {
  word: "RELD",
  usage: "RELD",
  help: ["Read the configuration again (from this machine only). Connections stay open."],
  capabilities: ["RELD"],
  run(args, { denialReason }) {
    const wrong = noArguments(args);
    if (wrong !== undefined) return wrong;
    const message = denialReason("reload");
    return message === undefined ? { kind: "reload", text: "OK RELD" } : { kind: "error", message };
  },
} satisfies Command;
