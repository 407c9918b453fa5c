import { parseOrder } from "../../options/conn-request.js";
import type { Verb } from "../verb.js";

export const conn = {
  word: "CONN",
  usage: "CONN host:port [options]",
  help: ["Connect to the remote at host:port and relay, both ways, from then on."],
  capabilities: ["CONN"],
  run(args, { presets, objection }) {
    const order = parseOrder(args, presets);
    if (!order.ok) return { kind: "error", message: order.message };
    const unwanted = order.value.options.monitor === undefined ? undefined : objection("monitor");
    if (unwanted !== undefined) return { kind: "error", message: `MONI: ${unwanted}` };
    return { kind: "dial", order: order.value };
  },
} satisfies Verb;
