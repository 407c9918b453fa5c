import type { Socket } from "node:net";
import { StreamEnd } from "./stream-end.js";

const THIS_MACHINE = { host: "127.0.0.1", port: 0 };

/**
 * Makes an end of a socket that a server on a Unix socket has accepted. Its client has no address: it counts as one of this machine.
 *
 * @param accepted just accepted by a server with `pauseOnConnect` and `allowHalfOpen`
 */
export function acceptLocal(accepted: Socket): StreamEnd {
  return new StreamEnd(accepted, 0, undefined, THIS_MACHINE);
}
