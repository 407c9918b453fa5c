import { type Command, noArguments } from "../command.js";

export const stop = {
  word: "STOP",
  usage: "STOP",
  help: ["Close all connections and stop the proxy (from this machine only, by default)."],
  capabilities: [],
  run(args, { denialReason }) {
    const wrong = noArguments(args);
    if (wrong !== undefined) return wrong;
    const message = denialReason("stop");
    return message === undefined ? { kind: "stop", text: "OK STOP" } : { kind: "error", message };
  },
} satisfies Command;
