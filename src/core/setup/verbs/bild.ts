import { noArguments, type Verb } from "../verb.js";

export const bild = {
  word: "BILD",
  usage: "BILD",
  help: ["Show the build number."],
  capabilities: [],
  run: (args, { build }) => noArguments(args) ?? { kind: "reply", text: `OK ${build}` },
} satisfies Verb;
