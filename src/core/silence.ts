/** One direction of a relay, as far as its limits go. Times in milliseconds of one clock. */
export interface FlowState {
  /** When something last came, or could come again after a stall; in a stall, when the sink last gave a sign of life. */
  readonly last: number;
  /** The source has sent FIN. */
  readonly eof: boolean;
  /** FIN has been passed on, behind everything. */
  readonly finished: boolean;
  /** The sink does not take more for now. */
  readonly stalled: boolean;
  /** It would, but what waits for it waits for its turn. */
  readonly queued: boolean;
}

/** When something ends by itself, and the silence that ends it. */
export interface Deadline {
  readonly at: number;
  readonly cause: "remote silent" | "quiet" | "client closed" | "remote closed";
  readonly silenceMs: number;
}

/** After one side's FIN the other one may be silent for this long: a plugin's reload must free a single-connection device. */
export const HALF_CLOSED_MS = 5000;
/** How long a remote that takes nothing is waited for, once the client has closed and its last bytes wait. */
export const STALLED_MS = 30_000;
/** Longest time without progress in which a client takes what a remote sent: some plugins read once a minute. */
export const LAST_BYTES_MS = 3_600_000;

/** The limits that options set, in milliseconds; 0: none. */
export interface SilenceLimits {
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
export function silenceDeadline(
  down: FlowState,
  up: FlowState,
  stepAt: number,
  { receiveTimeoutMs, quietMs }: SilenceLimits,
  now: number,
): Deadline | undefined {
  const limits: (Deadline | undefined)[] = [closingDeadline(down, up, stepAt)];
  const remoteFrom = down.stalled ? now : down.last; // else it would not be its silence: it is not being read
  if (receiveTimeoutMs > 0 && !down.eof) limits.push(deadline("remote silent", remoteFrom, receiveTimeoutMs));
  if (quietMs > 0) limits.push(deadline("quiet", quietFrom(down, up, quietMs, now), quietMs));
  return limits.reduce((first, next) => (first === undefined || (next && next.at < first.at) ? next : first));
}

/** Since when no byte has passed. Who reads slowly takes bytes that nobody sees: in a stall the limit is that for last bytes. */
function quietFrom(down: FlowState, up: FlowState, quietMs: number, now: number): number {
  if (up.queued) return now;
  const last = Math.max(down.last, up.last);
  return down.stalled || up.stalled ? Math.max(last, Math.min(now, last + LAST_BYTES_MS - quietMs)) : last;
}

/** The limit for what remains to be done once somebody has closed. */
function closingDeadline(down: FlowState, up: FlowState, stepAt: number): Deadline | undefined {
  if (up.eof && down.eof) return deadline("remote closed", Math.max(stepAt, up.last), STALLED_MS);
  if (up.eof && down.stalled) return deadline("client closed", Math.max(stepAt, down.last), LAST_BYTES_MS);
  if (up.eof && up.finished) return deadline("client closed", Math.max(stepAt, down.last), HALF_CLOSED_MS);
  if (up.eof) return deadline("client closed", Math.max(stepAt, down.last, up.last), STALLED_MS);
  if (down.eof && down.finished && !up.stalled) {
    return deadline("remote closed", Math.max(stepAt, up.last), HALF_CLOSED_MS);
  }
  if (down.eof) return deadline("remote closed", Math.max(stepAt, up.last), STALLED_MS);
  return undefined;
}

function deadline(cause: Deadline["cause"], from: number, silenceMs: number): Deadline {
  return { at: from + silenceMs, cause, silenceMs };
}
