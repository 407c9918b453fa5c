import type { Command } from "../command.js";
import { parseWatch } from "../watch-request.js";

export const wtch = {
  word: "WTCH",
  usage: "WTCH [id|port] [options]",
  help: [
    "Show messages as they pass: of one connection, of one port, or of all (from this machine only,",
    "by default). Disconnect to end it. Options: MONI (for connections without one), MONF;",
    "BYTE=hex: bytes as they pass, for programs.",
  ],
  capabilities: ["WTCH", "BYTE"],
  run(args, { places, denialReason }) {
    const message = denialReason("watch");
    if (message !== undefined) return { kind: "error", message };
    const request = parseWatch(args, places);
    return request.ok
      ? { kind: "watch", text: "OK WTCH", request: request.value }
      : { kind: "error", message: request.message };
  },
} satisfies Command;
