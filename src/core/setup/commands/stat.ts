import { statusJson, statusTable } from "../../status/daemon-status.js";
import type { Command } from "../command.js";

export const stat = {
  word: "STAT",
  usage: "STAT [JSON]",
  help: ["Show all connections. With JSON: the whole status, in one line."],
  capabilities: ["JSON"],
  run(args, { status, connectionId }) {
    switch (args.toUpperCase()) {
      case "":
        return { kind: "report", pieces: statusTable(status(), connectionId) };
      case "JSON":
        return { kind: "report", pieces: statusJson(status()) };
      default:
        return { kind: "error", message: `unknown argument "${args}": JSON or nothing is wanted` };
    }
  },
} satisfies Command;
