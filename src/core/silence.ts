/** One direction of a relay, as far as its limits go. Times in milliseconds of one clock. */
export interface FlowState {
  /** When something last came, or could come again after a stall. */
  readonly last: number;
  /** The source has sent FIN. */
  readonly eof: boolean;
  /** FIN has been passed on, behind everything. */
  readonly finished: boolean;
  /** The sink does not take more for now. */
  readonly stalled: boolean;
}

/** When something ends by itself, and the silence that ends it. */
export interface Deadline {
  readonly at: number;
  readonly cause: "remote silent" | "client closed" | "remote closed";
  readonly silenceMs: number;
}

/** After one side's FIN the other one may be silent for this long: a plugin's reload must free a single-connection device. */
export const HALF_CLOSED_MS = 5000;
/** How long a remote that takes nothing is waited for, once the client has closed and its last bytes wait. */
export const STALLED_MS = 30_000;
/** Longest time without progress in which a client takes what a remote sent: some plugins read once a minute. */
export const LAST_BYTES_MS = 3_600_000;

/**
 * The next moment at which a silence of a relay is too long; nothing while there is no limit.
 *
 * @param down from the remote to the client
 * @param up from the client to the remote
 * @param stepAt when the last step of closing was taken
 * @param receiveTimeoutMs longest silence of the remote (RTIM); 0: no limit
 */
export function silenceDeadline(
  down: FlowState,
  up: FlowState,
  stepAt: number,
  receiveTimeoutMs: number,
  now: number,
): Deadline | undefined {
  const closing = closingDeadline(down, up, stepAt);
  if (receiveTimeoutMs === 0 || down.eof) return closing;
  const from = down.stalled ? now : down.last; // not its silence: it is not being read
  const at = from + receiveTimeoutMs;
  return closing !== undefined && closing.at <= at
    ? closing
    : { at, cause: "remote silent", silenceMs: receiveTimeoutMs };
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
