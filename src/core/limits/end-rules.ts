/** How a side learns that the other one is gone: by FIN, as if everything were said, or by a reset, which says that something is missing. */
export type EndKind = "end" | "reset";

/** How the connections of a listener end (docs/protocol.md, "How a connection ends"). */
export interface EndRules {
  /** Longest time in which nothing moves once one side has ended, where `half-close` says nothing; in milliseconds. */
  readonly halfCloseMs: number;
  /** What a client gets whose connection this daemon cuts: by a limit, or because it stops. */
  readonly onCut: EndKind;
  /** What a client gets whose remote has reset the connection, or does not answer any more. */
  readonly toClient: EndKind;
  /** What a remote gets whose client has reset the connection, or does not answer any more. */
  readonly toRemote: EndKind;
}

/**
 * Plugins see "closed" either way, and get a notification. A reloaded plugin must find its device free, which may take one connection
 * only.
 */
export const CONN_ENDS: EndRules = { halfCloseMs: 5000, onCut: "end", toClient: "end", toRemote: "end" };

/** A line stands for a wire: no side sees a FIN that the other one has not sent, so that a part is never taken for the whole. */
export const LINE_ENDS: EndRules = { halfCloseMs: 60_000, onCut: "reset", toClient: "reset", toRemote: "reset" };

/**
 * The client of a shared device has got whole answers: only an answer that is cut in its middle is a reset. The link to the device is not
 * the client's, so the device hears of no reset.
 */
export const SHARED_ENDS: EndRules = { ...CONN_ENDS, toClient: "reset" };

/** A device whose server tells it FIN and RESET: the server knows `half-close` of its line, and cuts by that. */
export const DEVICE_ENDS: EndRules = { ...LINE_ENDS, halfCloseMs: 0 };

/**
 * A device whose server has one CLOSE for everything: behind that nobody waits for the service. Its silence then is the end, and no cut; the
 * service that ends first gets FIN.
 */
export const CLOSE_ENDS: EndRules = { ...CONN_ENDS, toClient: "reset", toRemote: "reset" };

/**
 * Why a connection ends: both sides have (`done`), a limit was reached, the daemon wants it (`outside`), another client gets the remote
 * (`replaced`), or one side is gone. `isCut`: what came from that side must not be taken for the whole.
 */
export type EndCause =
  | { readonly kind: "done" | "limit" | "outside" | "replaced" }
  | { readonly kind: "gone"; readonly side: "client" | "remote"; readonly isCut: boolean };

/** What has passed when a connection ends. */
export interface EndState {
  /** The remote has sent FIN, and the client gets it behind everything. */
  readonly remoteEnded: boolean;
  /** The client's FIN has been passed on, behind everything. */
  readonly clientEnded: boolean;
  /** The remote has not taken everything that the client has sent. */
  readonly remoteBehind: boolean;
}

/** What becomes of both sides. */
export interface Partings {
  /** What the client gets behind everything that came from the remote. */
  readonly toClient: EndKind;
  /** The remote is let go, or reset, at once, or reset behind everything that came from the client. */
  readonly toRemote: "close" | "reset" | "reset behind";
  /** A side has reset the connection, or was lost, or the client is reset. */
  readonly isReset: boolean;
}

/** What both sides get when a connection ends. */
export function partings(cause: EndCause, state: EndState, rules: EndRules): Partings {
  const toClient = endOfClient(cause, state, rules);
  const isReset = toClient === "reset" || (cause.kind === "gone" && cause.isCut);
  return { toClient, toRemote: endOfRemote(cause, state, rules), isReset };
}

function endOfClient(cause: EndCause, { remoteEnded }: EndState, { onCut, toClient }: EndRules): EndKind {
  if (cause.kind === "done") return "end";
  if (cause.kind === "limit") return onCut;
  if (cause.kind !== "gone") return remoteEnded ? "end" : onCut;
  return cause.isCut && cause.side === "remote" ? toClient : "end";
}

/**
 * A remote that has got no FIN of the client, or not everything before it, must not take what it has for the whole. One that is to serve
 * another client gets FIN: its own FIN tells when it is free, and some devices do not survive a reset.
 */
function endOfRemote(cause: EndCause, state: EndState, { onCut, toRemote }: EndRules): Partings["toRemote"] {
  const isClientCut = cause.kind === "gone" && cause.side === "client" && cause.isCut;
  if (isClientCut && toRemote === "reset") return "reset behind";
  if (state.remoteBehind) return "reset";
  if (cause.kind === "limit") return state.clientEnded && state.remoteEnded ? "close" : "reset";
  return cause.kind === "outside" && onCut === "reset" && !state.clientEnded ? "reset" : "close";
}
