import { parseOrder } from "../order.js";
import type { Verb } from "../verb.js";

export const conn = {
  word: "CONN",
  usage: "CONN host:port [options]",
  help: ["Connect to the remote at host:port and relay, both ways, from then on."],
  capabilities: ["CONN"],
  run(args, { presets }) {
    const order = parseOrder(args, presets);
    return order.ok ? { kind: "dial", order: order.value } : { kind: "error", message: order.message };
  },
} satisfies Verb;
