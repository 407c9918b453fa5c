/** One direction of a relay, as far as its limits go. Times in milliseconds of one clock. */
export interface FlowState {
  /** When something last came, or could come again after a stall; in a stall, when the sink last gave a sign of life. */
  readonly lastActivityAt: number;
  /** The source has sent FIN. */
  readonly eof: boolean;
  /** FIN has been passed on, behind everything. */
  readonly finished: boolean;
  /** The sink does not take more for now. */
  readonly stalled: boolean;
  /** Bytes that the sink's peer had not acknowledged, when that was last looked at. */
  readonly unacknowledged: number;
  /** When looks last showed that the sink's peer takes bytes. */
  readonly peerProgressAt: number;
  /** It would, but what waits for it waits for its turn. */
  readonly queued: boolean;
}

/** What the kernel tells of a peer that has been sent something. */
export interface PeerBacklog {
  /** Bytes that it has not acknowledged; FIN counts as one. */
  readonly unacknowledged: number;
  /** Bytes that have reached it and that its program has not read. Known of peers on this machine. */
  readonly unread: number;
}

/** Where everything has been taken, or nothing is known: an end without a socket of its own, a Unix socket, no table of sockets. */
export const NO_BACKLOG: PeerBacklog = { unacknowledged: 0, unread: 0 };

/** Whether a peer has taken something between two looks. */
export function backlogChanged(now: PeerBacklog, before: PeerBacklog): boolean {
  return now.unacknowledged !== before.unacknowledged || now.unread !== before.unread;
}

/** When something ends by itself, and the silence that ends it. */
export interface IdleDeadline {
  readonly at: number;
  readonly cause: "remote silent" | "quiet" | "client closed" | "remote closed";
  readonly limitMs: number;
}

/**
 * After one side's FIN, and when everything has been acknowledged, nothing need move for this long: a plugin's reload must free a
 * single-connection device.
 */
const HALF_CLOSE_LIMIT_MS = 5000;
/** How long a peer that takes nothing is waited for, once somebody has closed and last bytes wait. */
export const STALL_LIMIT_MS = 30_000;
/** Longest time without progress in which a client takes what a remote sent: some plugins read once a minute. */
export const SLOW_READER_LIMIT_MS = 3_600_000;

/** The limits that options set, in milliseconds; 0: none. */
export interface IdleLimits {
  /** Longest silence of the remote (RTIM). */
  readonly receiveTimeoutMs: number;
  /** Longest time without a byte in either direction (IDLE). */
  readonly quietMs: number;
}

/**
 * The next moment at which a silence of a relay is too long; nothing while there is no limit.
 *
 * @param down from the remote to the client
 * @param up from the client to the remote
 * @param stepAt when the last step of closing was taken
 */
export function idleDeadline(
  down: FlowState,
  up: FlowState,
  stepAt: number,
  { receiveTimeoutMs, quietMs }: IdleLimits,
  now: number,
): IdleDeadline | undefined {
  const limits: (IdleDeadline | undefined)[] = [closingDeadline(down, up, stepAt)];
  const remoteFrom = down.stalled ? now : down.lastActivityAt; // else it would not be its silence: it is not being read
  if (receiveTimeoutMs > 0 && !down.eof) limits.push(deadline("remote silent", remoteFrom, receiveTimeoutMs));
  if (quietMs > 0) limits.push(deadline("quiet", quietFrom(down, up, quietMs, now), quietMs));
  return limits.reduce((first, next) => (first === undefined || (next && next.at < first.at) ? next : first));
}

/** Since when no byte has passed. Who reads slowly takes bytes that nobody sees: in a stall the limit is that for last bytes. */
function quietFrom(down: FlowState, up: FlowState, quietMs: number, now: number): number {
  if (up.queued) return now;
  const moved = Math.max(lastMove(down), lastMove(up));
  return isBehind(down) || isBehind(up)
    ? Math.max(moved, Math.min(now, moved + SLOW_READER_LIMIT_MS - quietMs))
    : moved;
}

/** The limit for what remains to be done once somebody has closed: counted from the last move of anything. */
function closingDeadline(down: FlowState, up: FlowState, stepAt: number): IdleDeadline | undefined {
  if (!up.eof && !down.eof) return undefined;
  const from = Math.max(stepAt, lastMove(down), lastMove(up));
  const cause = down.eof ? "remote closed" : "client closed";
  if (!down.eof && isBehind(down)) return deadline(cause, from, SLOW_READER_LIMIT_MS);
  const isDone = [down, up].every((flow) => !isBehind(flow) && flow.finished === flow.eof);
  return deadline(cause, from, isDone ? HALF_CLOSE_LIMIT_MS : STALL_LIMIT_MS);
}

function lastMove({ lastActivityAt, peerProgressAt }: FlowState): number {
  return Math.max(lastActivityAt, peerProgressAt);
}

/** Whether the sink has not taken, or its peer not acknowledged, all there is. */
function isBehind({ stalled, unacknowledged }: FlowState): boolean {
  return stalled || unacknowledged > 0;
}

function deadline(cause: IdleDeadline["cause"], from: number, limitMs: number): IdleDeadline {
  return { at: from + limitMs, cause, limitMs };
}
