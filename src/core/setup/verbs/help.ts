import { OPTIONS } from "../options.js";
import { noArguments, type Verb } from "../verb.js";

const INDENT = 28;

function lines(row: { usage: string; help: readonly string[] }, margin: number): string[] {
  return row.help.map((text, index) => `${" ".repeat(margin)}${index === 0 ? row.usage : ""}`.padEnd(INDENT) + text);
}

export const help = {
  word: "HELP",
  usage: "HELP",
  help: ["Show this."],
  capabilities: [],
  run(args, { verbs }) {
    const commands = verbs.flatMap((verb) => lines(verb, 0));
    const options = OPTIONS.flatMap((option) => lines(option, 2));
    const text = [...commands, "", "Options of CONN, as key=value, in any order:", ...options].join("\n");
    return noArguments(args) ?? { kind: "reply", text };
  },
} satisfies Verb;
