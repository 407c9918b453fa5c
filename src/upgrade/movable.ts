import type { SessionState } from "../core/upgrade/session-state.js";
import type { SocketHandle } from "../sockets/node-handle.js";

/** A connection in the form in which another process gets it. */
export interface Parcel {
  readonly session: SessionState;
  /** Undefined: the client has gone, and may come back. */
  readonly client: SocketHandle | undefined;
  /** Left out: the line of the client gives it a remote again. Undefined: the remote has gone, too, and left something for the client. */
  readonly remote?: SocketHandle | undefined;
}

/** A connection of the old process that may go to the new one. */
export interface Movable {
  readonly id: string;
  /** Why it cannot move at this moment, in a word or two for the report: what speaks TLS never can. */
  readonly reason: string;
  /** Stops reading both sides, and notifies of nothing; what is under way goes on. False: not now. */
  hold(): boolean;
  /** Ends {@link hold}: the connection goes on here. */
  goOn(): void;
  /** What the new process needs; undefined: something is still under way, or it cannot move. To be asked while it is held. */
  readonly parcel: Parcel | undefined;
  /** The new process has it: here it ends without a word to its peers. */
  letGo(): void;
}
