import type { ParkedState, SessionState, WayState } from "../core/upgrade/session-state.js";

/** The relay and the notifications of a connection in another process, which has handed it over. */
export interface FormerRelay extends Pick<SessionState, "progress"> {
  readonly ways: readonly WayState[];
  /** Bytes that were written to the client and that its kernel may not have. */
  readonly unacknowledged: Buffer;
  /** Undefined: the client is there. */
  readonly parked: ParkedState | undefined;
}
