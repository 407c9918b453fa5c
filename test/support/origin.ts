import type { ClientOrigin } from "#src/core/net/client-origin.js";

/** The origin of a client at this address that has passed no other port of the daemon. */
export function from(address: string): ClientOrigin {
  return { address, line: "proxy port 2504", hops: 0 };
}
