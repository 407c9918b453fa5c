import { noArguments, type Verb } from "../verb.js";

export const quit = {
  word: "QUIT",
  usage: "QUIT",
  help: ["Disconnect from the proxy."],
  capabilities: [],
  run: (args) => noArguments(args) ?? { kind: "bye", text: "OK QUIT" },
} satisfies Verb;
