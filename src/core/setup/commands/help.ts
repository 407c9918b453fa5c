import { OPTIONS } from "../../options/conn-option-rows.js";
import { helpLines } from "../../options/option-table.js";
import type { Command } from "../command.js";

const INDENT = 28;

export const help = {
  word: "HELP",
  usage: "HELP",
  help: ["Show this text."],
  capabilities: [],
  run(_args, { commands }) {
    const commandLines = helpLines(commands, 0, INDENT);
    const optionLines = helpLines(OPTIONS, 2, INDENT - 2);
    const text = [...commandLines, "", "Options of CONN, as key=value, in any order:", ...optionLines].join("\n");
    return { kind: "reply", text };
  },
} satisfies Command;
