import { type ClientOrigin, isLocalClient } from "./client-origin.js";

/** What a client needs a permission for, beyond connecting. `monitor` is the option MONI of CONN. */
export type Permission = "stop" | "reload" | "tunnel" | "watch" | "monitor";

/**
 * Why a client may not stop the daemon; undefined when it may. The text stands in the reply `ERR STOP …` (docs/protocol.md).
 *
 * @param stop the configuration key `[access] stop`
 */
export function stopDenialReason(stop: "local" | "any" | "never", origin: ClientOrigin): string | undefined {
  if (stop === "never") return "nobody may, the configuration says ([access] stop=never)";
  return stop === "any" || isLocalClient(origin)
    ? undefined
    : "not from another machine; [access] stop=any in the configuration allows it";
}

/** Why a client may not do what only clients on this machine may; undefined when the client is on this machine. */
export function localDenialReason(origin: ClientOrigin): string | undefined {
  return isLocalClient(origin) ? undefined : "not from another machine";
}
