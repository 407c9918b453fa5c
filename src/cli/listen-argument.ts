import { type HostPort, parseHostPort } from "../core/net/address.js";
import type { Result } from "../core/parse/result.js";

/** All addresses, as other programs write them on the command line. */
export const ANY = "0.0.0.0";

/** Reads where to listen: `port`, `:port` or `address:port`; without an address it is {@link ANY}. */
export function parseListenArgument(text: string): Result<HostPort> {
  return parseHostPort(/^:?\d+$/.test(text) ? `${ANY}:${text.replace(":", "")}` : text);
}

/** The address in the form of `[host] ip`. */
export function ipOf({ host }: HostPort): string {
  return host === ANY ? "*" : host;
}
