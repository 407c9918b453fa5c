import type { ClientOrigin } from "#src/core/net/client-origin.js";

/** A client at this address that has come directly. */
export function from(address: string): ClientOrigin {
  return { address, line: "proxy port 2504", hops: 0 };
}
