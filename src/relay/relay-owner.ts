import type { Partings } from "../core/limits/end-rules.js";
import type { IdleLimits, PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { PeerState } from "../core/net/proc-net-tcp.js";
import type { End } from "../sockets/end.js";

/** How a relay has ended. */
export interface RelayEnding extends Pick<Partings, "toClient" | "isReset"> {
  /** In words for the log. */
  readonly reason: string;
  /** When the client was last written to, by the clock. */
  readonly writtenAt: number;
}

/** What a relay tells, and asks, the connection it belongs to. */
export interface RelayOwner {
  /** So many bytes of the remote have been written to the client. They may still be unsent. */
  writtenToClient(bytes: number): void;
  /** So many bytes of the client have been written to the remote. They may still be unsent. */
  writtenToRemote(bytes: number): void;
  /** The client has taken everything that was unsent. */
  clientDrained(): void;
  /** The remote has ended; everything it sent is with the kernel. {@link clientFinished} or {@link relayEnded} comes next. */
  remoteEnded(): void;
  /** The client has been sent everything, and FIN behind it. */
  clientFinished(): void;
  /** Nothing more passes. The remote is gone, or the owner's to reset; the client may still have bytes to take. */
  relayEnded(ending: RelayEnding): void;
  /**
   * Takes over a remote whose client has reset the connection: resets it behind everything that was written to it.
   *
   * @param writtenAt when it was last written to, by the clock
   */
  resetRemote(remote: End, writtenAt: number): void;
  /** What the kernel knows of a client that is not being read. */
  clientState(): Promise<PeerState>;
  /** What the peer of an end has not taken, as far as the kernel knows. */
  backlogOf(end: End): Promise<PeerBacklog>;
  fault(error: unknown): void;
}

/** The options of a connection that its relay obeys. */
export interface RelayOptions extends Omit<IdleLimits, "halfCloseMs"> {
  /** Most bytes of one write; 0: no limit. */
  readonly blockSize: number;
  /** Undefined: as the rules say. */
  readonly halfCloseMs?: number;
}
