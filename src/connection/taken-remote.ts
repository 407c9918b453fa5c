import type { Pass } from "../accept/door.js";
import type { ServerLease } from "../dial/dial.js";
import type { WaitingBytes } from "../sockets/early-data.js";
import type { End } from "../sockets/end.js";

/** The remote of a parked connection, for the client that is back. */
export interface TakenRemote {
  /** Paused; or closed, where the remote has left meanwhile. */
  readonly end: End;
  readonly serverLease: ServerLease | undefined;
  /** Its place on a line that limits its clients. */
  readonly pass: Pass | undefined;
  /** What waits for the client. */
  readonly waiting: WaitingBytes;
}
