import type { Origin } from "#src/core/net/client-origin.js";

/** A client at this address that has come directly. */
export function from(address: string): Origin {
  return { address, line: "proxy port 2504", hops: 0 };
}
