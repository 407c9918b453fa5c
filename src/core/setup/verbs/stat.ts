import { statusTable } from "../../status.js";
import type { Verb } from "../verb.js";

export const stat = {
  word: "STAT",
  usage: "STAT [JSON]",
  help: ["Show all connections; with JSON, everything known, in one line."],
  capabilities: ["JSON"],
  run(args, { status, pid }) {
    switch (args.toUpperCase()) {
      case "":
        return { kind: "reply", text: statusTable(status(), pid), patient: true };
      case "JSON":
        return { kind: "reply", text: JSON.stringify(status()), patient: true };
      default:
        return { kind: "error", message: `unknown argument "${args}": JSON or nothing is wanted` };
    }
  },
} satisfies Verb;
