/** What the deadlines depend on, for one direction of a relay: bytes go from its source to its sink. Times in milliseconds of one clock. */
export interface FlowState {
  /** When the source last sent bytes, a stall ended, or, during a stall, the sink last took bytes. */
  readonly lastActivityAt: number;
  /** The source has sent FIN. */
  readonly eof: boolean;
  /** The source has reset the connection, or has sent FIN, behind bytes that nobody has read yet. */
  readonly lost: boolean;
  /** The sink has been given the FIN, behind all bytes. */
  readonly finished: boolean;
  /** The sink takes no bytes at the moment, so nobody reads the source. */
  readonly stalled: boolean;
  /** Bytes that the sink's peer had not acknowledged at the last sample of the socket table. */
  readonly unacknowledged: number;
  /** When a sample last showed that the sink's peer takes bytes. */
  readonly peerProgressAt: number;
  /** The direction is stalled only because its bytes wait for their turn on a shared link. */
  readonly queued: boolean;
}

/** Bytes that a peer has not taken, by the socket table. */
export interface PeerBacklog {
  /** Bytes that the peer has not acknowledged; a FIN counts as one. */
  readonly unacknowledged: number;
  /** Bytes in the peer's receive queue that its program has not read. Known for peers on this machine only. */
  readonly unread: number;
}

/** No backlog, or an unknown one: an end without a socket of its own, a Unix socket, a system without a socket table. */
export const NO_BACKLOG: PeerBacklog = { unacknowledged: 0, unread: 0 };

/** Whether two samples differ: the peer has taken bytes in between. */
export function backlogChanged(now: PeerBacklog, before: PeerBacklog): boolean {
  return now.unacknowledged !== before.unacknowledged || now.unread !== before.unread;
}

/** When a relay ends by itself. */
export interface IdleDeadline {
  /** The time of the end, in milliseconds. */
  readonly at: number;
  readonly cause: "remote silent" | "idle" | "client closed" | "remote closed" | "not taken";
  /** The limit that `cause` names, in milliseconds. */
  readonly limitMs: number;
}

/**
 * Longest time without progress after one side's end, while last bytes wait for a peer that is there: some plugins read once a minute. A
 * peer that is lost is found much earlier (`keepalive`).
 */
export const SLOW_READER_LIMIT_MS = 3_600_000;

/** The limits that options set, in milliseconds; 0 means no limit. */
export interface IdleLimits {
  /** Longest silence of the remote (RTIM). */
  readonly receiveTimeoutMs: number;
  /** Longest time without a byte in either direction (IDLE). */
  readonly quietMs: number;
  /** Longest time in which nothing moves once one side has ended (HALF). */
  readonly halfCloseMs: number;
}

/**
 * The next moment at which a relay ends because nothing moves; undefined while no limit applies.
 *
 * @param down from the remote to the client
 * @param up from the client to the remote
 * @param stepAt when closing last made a step: a FIN came, or was passed on
 */
export function idleDeadline(
  down: FlowState,
  up: FlowState,
  stepAt: number,
  { receiveTimeoutMs, quietMs, halfCloseMs }: IdleLimits,
  now: number,
): IdleDeadline | undefined {
  const limits: (IdleDeadline | undefined)[] = [closingDeadline(down, up, stepAt, halfCloseMs)];
  // During a stall nobody reads the remote, so its silence does not count.
  const remoteFrom = down.stalled ? now : down.lastActivityAt;
  if (receiveTimeoutMs > 0 && !down.eof) limits.push(deadline("remote silent", remoteFrom, receiveTimeoutMs));
  if (quietMs > 0) limits.push(deadline("idle", idleSince(down, up, quietMs, now), quietMs));
  return limits.reduce((first, next) => (first === undefined || (next && next.at < first.at) ? next : first));
}

/** Since when no byte has passed. A slow reader takes bytes unseen, so during a stall the limit is {@link SLOW_READER_LIMIT_MS}. */
function idleSince(down: FlowState, up: FlowState, quietMs: number, now: number): number {
  if (up.queued) return now;
  const progressAt = Math.max(lastProgress(down), lastProgress(up));
  return isBehind(down) || isBehind(up)
    ? Math.max(progressAt, Math.min(now, progressAt + SLOW_READER_LIMIT_MS - quietMs))
    : progressAt;
}

/**
 * The limit after one side's end, counted from the last progress in either direction. A direction stays open while its peer has bytes, or a
 * FIN, to acknowledge: whether that peer is lost is decided elsewhere ({@link DeadPeerDetector}).
 */
function closingDeadline(
  down: FlowState,
  up: FlowState,
  stepAt: number,
  halfCloseMs: number,
): IdleDeadline | undefined {
  if (!hasEnded(up) && !hasEnded(down)) return undefined;
  const from = Math.max(stepAt, lastProgress(down), lastProgress(up));
  const isWaiting = [down, up].some((flow) => isBehind(flow) || flow.finished !== flow.eof);
  if (isWaiting) return deadline("not taken", from, SLOW_READER_LIMIT_MS);
  const cause = hasEnded(down) ? "remote closed" : "client closed";
  return halfCloseMs > 0 ? deadline(cause, from, halfCloseMs) : undefined;
}

/** Whether nothing more than what has come already will come from the source. */
export function hasEnded({ eof, lost }: Pick<FlowState, "eof" | "lost">): boolean {
  return eof || lost;
}

function lastProgress({ lastActivityAt, peerProgressAt }: FlowState): number {
  return Math.max(lastActivityAt, peerProgressAt);
}

/** Whether bytes wait for the sink, or for its peer's acknowledgement. */
function isBehind({ stalled, unacknowledged }: FlowState): boolean {
  return stalled || unacknowledged > 0;
}

function deadline(cause: IdleDeadline["cause"], from: number, limitMs: number): IdleDeadline {
  return { at: from + limitMs, cause, limitMs };
}
