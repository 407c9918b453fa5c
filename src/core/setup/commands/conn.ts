import { parseConnRequest } from "../../options/conn-request.js";
import type { Command } from "../command.js";

export const conn = {
  word: "CONN",
  usage: "CONN host:port [options]",
  help: ["Connect to the remote at host:port. From then on bytes pass both ways."],
  capabilities: ["CONN"],
  run(args, { presetOptions, denialReason, optionProblem }) {
    const request = parseConnRequest(args, presetOptions);
    if (!request.ok) return { kind: "error", message: request.message };
    const unwanted = request.value.options.monitor === undefined ? undefined : denialReason("monitor");
    if (unwanted !== undefined) return { kind: "error", message: `MONI: ${unwanted}` };
    const problem = optionProblem(request.value.options);
    if (problem !== undefined) return { kind: "error", message: problem };
    return { kind: "dial", request: request.value };
  },
} satisfies Command;
