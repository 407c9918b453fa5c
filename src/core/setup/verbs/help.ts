import { OPTIONS } from "../../options/conn-options.js";
import { helpLines } from "../../options/option-table.js";
import { noArguments, type Verb } from "../verb.js";

const INDENT = 28;

export const help = {
  word: "HELP",
  usage: "HELP",
  help: ["Show this."],
  capabilities: [],
  run(args, { verbs }) {
    const commands = helpLines(verbs, 0, INDENT);
    const options = helpLines(OPTIONS, 2, INDENT - 2);
    const text = [...commands, "", "Options of CONN, as key=value, in any order:", ...options].join("\n");
    return noArguments(args) ?? { kind: "reply", text };
  },
} satisfies Verb;
