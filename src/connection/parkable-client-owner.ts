import type { Clock } from "../system/clock.js";
import type { SocketTable } from "../system/socket-table.js";

/** What parking needs of the daemon. */
export interface ParkableClientContext {
  readonly clock: Clock;
  readonly sockets: Pick<SocketTable, "pair" | "peerState">;
}

/** The connection that is parked when its client goes. */
export interface ParkableClientOwner {
  /** The client has gone. What waits for it is known soon. */
  clientLeft(): void;
  /** It is known. @returns whether there is room to park */
  mayPark(): boolean;
  /** There is no room, or nothing to park: the connection ends as without parking. */
  nothingParked(): void;
  /** The connection is parked. */
  parked(): void;
  /** The remote has ended, and nothing waits for the client: there is nothing to park. */
  remoteLeft(): void;
  /** More or fewer bytes wait than before. */
  waitingChanged(by: number): void;
  /** Whether nobody may keep more bytes. */
  readonly isFull: boolean;
  fault(error: unknown): void;
}
