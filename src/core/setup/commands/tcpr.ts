import { formatHostPort, parseHostPort } from "../../net/address.js";
import { parseServices } from "../../tunnel/service-rules.js";
import type { Command } from "../command.js";

/** The command of the seed tcp-remote-connection, step 1. */
export const tcpr = {
  word: "TCPR",
  usage: "TCPR server:port local:port",
  help: ["Link to a server, whose clients reach local:port from then on (from this machine only)."],
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
    const allowed = parseServices(formatHostPort(service.value)); // it is looked up there when a client comes
    if (!allowed.ok) return { kind: "error", message: allowed.message };
    return { kind: "device", text: "OK TCPR", server: server.value, service: service.value };
  },
} satisfies Command;
