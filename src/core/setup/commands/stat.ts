import { sameWord } from "../../parse/text.js";
import { piecesOf } from "../../status/gathering.js";
import { statusJson, statusTable } from "../../status/status-reply.js";
import type { Command } from "../command.js";

export const stat = {
  word: "STAT",
  usage: "STAT [JSON]",
  help: ["Show all connections. With JSON: the whole status, in one line."],
  capabilities: ["JSON"],
  run(args, { status, connectionId }) {
    const [first = ""] = args.split(/\s/, 1); // words that follow mean nothing, as in the original
    const isJson = sameWord("JSON", first);
    const pieces = piecesOf(status(), (report) => (isJson ? statusJson(report) : statusTable(report, connectionId)));
    return { kind: "report", pieces };
  },
} satisfies Command;
