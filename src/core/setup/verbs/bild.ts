import { noArguments, type Verb } from "../verb.js";

export const bild = {
  word: "BILD",
  usage: "BILD",
  help: ["Show the build number."],
  capabilities: [],
  run: (args, { status }) => noArguments(args) ?? { kind: "reply", text: `OK ${status().build}` },
} satisfies Verb;
