import { OPTIONS } from "../../options/conn-options.js";
import { noArguments, type Verb } from "../verb.js";

/** What the original reports, in its order. */
const ORIGINAL = ["BLKS", "RTIM", "NTFY", "PACE", "CONN", "UDP"];

export const capa = {
  word: "CAPA",
  usage: "CAPA",
  help: ["Show what this version can do, one word each."],
  capabilities: [],
  run(args, { verbs }) {
    const words = new Set([...ORIGINAL, ...[...OPTIONS, ...verbs].flatMap((row) => row.capabilities)]);
    return noArguments(args) ?? { kind: "reply", text: `OK CAPA ${[...words].join(" ")}` };
  },
} satisfies Verb;
