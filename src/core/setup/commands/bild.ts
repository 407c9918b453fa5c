import { type Command, noArguments } from "../command.js";

export const bild = {
  word: "BILD",
  usage: "BILD",
  help: ["Show the build number."],
  capabilities: [],
  run: (args, { build }) => noArguments(args) ?? { kind: "reply", text: `OK ${build}` },
} satisfies Command;
