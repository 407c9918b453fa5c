import type { TunnelCommand } from "../core/tunnel/frames.js";
import type { Channel } from "./channel.js";
import type { KeepaliveLink } from "./link-keepalive.js";

/** What a link tells the side it belongs to. */
export interface TunnelLinkEvents {
  /** Any command that is not about a client of the link. After `hello`, `peer` of the link knows the abilities of the peer. */
  command(command: TunnelCommand): void;
  /** A client is closed because it did not read for too long. */
  stalled(channel: Channel): void;
  /**
   * The link has closed, and with it all its clients. Told once.
   *
   * @param isDismissed its socket stays for a moment, until the peer has read why
   */
  lost(reason: string, isDismissed: boolean): void;
  /** How often the kernel has repeated in vain what it sent last: see {@link KeepaliveLink}. */
  readonly unanswered?: KeepaliveLink["unanswered"];
  fault(error: unknown): void;
}

/** How a link treats its clients. */
export interface TunnelLinkRules {
  /** The link waits this long for a client that does not read; milliseconds. */
  readonly stallMs: number;
  /** Silence on the link after which the peer is asked for a sign of life; milliseconds, 0: never. */
  readonly probeMs: number;
  /** Tells this device from others, in HELLO. */
  readonly instance?: string;
}
