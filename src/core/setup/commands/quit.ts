import type { Command } from "../command.js";

export const quit = {
  word: "QUIT",
  usage: "QUIT",
  help: ["Disconnect from the proxy."],
  capabilities: [],
  run: () => ({ kind: "quit", text: "OK QUIT" }),
} satisfies Command;
