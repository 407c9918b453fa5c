import { formatHostPort, parseHostPort } from "../../net/address.js";
import { parseServices } from "../../tunnel/service-rules.js";
import type { Command } from "../command.js";

/** `TCPR` of docs/tunnel.md: this machine becomes the device of a tunnel server. */
export const tcpr = {
  word: "TCPR",
  usage: "TCPR server:port local:port",
  help: ["Link to a tunnel server: its clients reach local:port from then on (from this machine only)."],
  capabilities: ["TCPR"],
  run(args, { denialReason }) {
    const message = denialReason("tunnel");
    if (message !== undefined) return { kind: "error", message };
    const [first = "", second = "", ...more] = args.split(/\s+/);
    if (second === "" || more.length > 0) return { kind: "error", message: "server:port local:port is wanted" };
    const server = parseHostPort(first);
    if (!server.ok) return { kind: "error", message: server.message };
    const service = parseHostPort(second);
    if (!service.ok) return { kind: "error", message: service.message };
    const allowed = parseServices(formatHostPort(service.value)); // the rules of [device] allow: no zone such as %eth0
    if (!allowed.ok) return { kind: "error", message: allowed.message };
    return { kind: "device", text: "OK TCPR", server: server.value, service: service.value };
  },
} satisfies Command;
