import { type Command, noArguments } from "../command.js";

export const quit = {
  word: "QUIT",
  usage: "QUIT",
  help: ["Disconnect from the proxy."],
  capabilities: [],
  run: (args) => noArguments(args) ?? { kind: "quit", text: "OK QUIT" },
} satisfies Command;
