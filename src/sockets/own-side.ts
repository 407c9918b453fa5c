import { formatHostPort, type HostPort } from "../core/net/address.js";
import type { End } from "./end.js";
import { streamOf } from "./stream-end.js";

/** Our own side of the stream socket below an end, `host:port`; empty where there is none. */
export function ownNameOf(end: End): string {
  return streamOf(end) === undefined ? "" : formatHostPort(ownPlaceOf(end));
}

/** The same as address and port; without an address where there is none. */
export function ownPlaceOf(end: End): HostPort {
  const { localAddress: host = "", localPort: port = 0 } = streamOf(end) ?? {};
  return { host, port };
}
