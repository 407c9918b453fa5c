import type { PeerBacklog } from "../core/limits/idle-deadlines.js";
import type { View } from "../core/monitor/view.js";
import type { DroppedDatagrams } from "../core/net/datagrams.js";
import type { ObservedPoint } from "./byte-observer.js";

/** The events of an end. */
export interface EndEvents {
  /**
   * Bytes came. The next read overwrites their memory: a listener that keeps the chunk beyond this call copies it, or pauses the end for
   * as long.
   */
  data(chunk: Buffer): void;
  /** The peer will send nothing more (FIN). Everything it sent has been handed on. */
  eof(): void;
  /** The kernel has taken everything that was unsent. While something is still unsent, the call means that the peer is not the cause. */
  drained(): void;
  /** The daemon's own FIN has left, behind everything written. */
  finished(): void;
  /**
   * The end is closed; everything that came before has been handed on.
   *
   * @param error undefined: both sides had sent FIN, or the owner destroyed the end without a reason. An {@link EndReason}: this daemon
   *   closed it. Any other: the peer has reset the connection, or does not answer. {@link isCut} tells whether something may be missing.
   */
  closed(error: Error | undefined): void;
  /**
   * The peer has reset the connection: it takes nothing more. What it sent before is still handed on, and {@link closed} comes behind it.
   * An end that notices both at once says {@link closed} only.
   */
  broken?(): void;
  /** What the reader of this end's bytes has not taken, as far as the kernel knows. Absent where nobody can tell. */
  backlog?(): Promise<PeerBacklog>;
  /** One of these calls has thrown: a fault in the program, which costs this connection and no other. */
  fault(error: unknown): void;
}

/** Stands between a relay and the server: the line of a shared device, which several connections use. */
export interface Intermediary {
  /** The view that fits what is known of the messages. */
  readonly view?: View;
  /** The protocol of the messages, as `PROT` names it. */
  readonly protocol?: string;
  /** Where this connection's messages pass to and from the server; absent where other connections use the same link. */
  readonly serverSide?: ObservedPoint;
}

/** Our side of a connection: one of the two ends that a relay joins. A UDP remote is adapted to it. */
export interface End {
  /** Told what happens; set anew as the connection goes through its phases. */
  events: EndEvents;
  /** Bytes written that the kernel has not taken yet. */
  readonly unsent: number;
  /** It has been closed, by whichever side. */
  readonly gone: boolean;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** The end this one wraps, when it only changes when and how that one is used. */
  readonly base?: End;
  /** The peer would take what is {@link unsent}: it waits for its turn on a shared link. */
  readonly awaitsTurn?: boolean;
  /** A reset reaches the peer behind everything that was sent: nobody has to wait for that. */
  readonly resetsInOrder?: boolean;
  /** What the peer has not taken, where the end itself knows, and no kernel of this machine. */
  readonly peerBacklog?: PeerBacklog | undefined;
  /** Datagrams that could not be passed on; undefined for streams. */
  readonly dropped?: DroppedDatagrams;
  /** Nothing of it is under way: its line could give the client another one in its place. Absent: it could not. */
  readonly rests?: boolean;
  /** Set when this end is not the server itself: observers elsewhere see what becomes of its messages. */
  readonly intermediary?: Intermediary;
  /** Writes a chunk, which must not change before {@link unsent} is 0. */
  write(chunk: Buffer | string): void;
  /** Asks for no more data until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Sends FIN behind everything written. */
  end(): void;
  /** Cuts the connection: what is unsent is lost. `error`: the reason that {@link EndEvents.closed} gets, where it is not our own wish. */
  destroy(error?: Error): void;
  /**
   * The same, and the peer learns that something is missing: RST on TCP, RESET between our own ends of a tunnel. It overtakes what is
   * under way: who wants the peer to have everything first waits for that. Where nobody can be told, it is {@link destroy}.
   */
  reset(): void;
}

/** The reason of an end that this daemon closes by itself, in words for the log. */
export class EndReason extends Error {
  override readonly name = "EndReason";
  /** Bytes that the peer sent, or would have sent, are missing. */
  readonly isCut: boolean;

  constructor(message: string, isCut: boolean) {
    super(message);
    this.isCut = isCut;
  }
}

/** Whether an end that closed so ({@link EndEvents.closed}) may have left bytes out: what came must not be taken for the whole. */
export function isCut(error: Error | undefined): boolean {
  return error instanceof EndReason ? error.isCut : error !== undefined;
}

/** The words of the log for a connection that one side has ended: by FIN, by an error, or by vanishing. */
export function endedBy(side: "client" | "remote", error?: NodeJS.ErrnoException): string {
  if (error === undefined) return `by ${side}`;
  if (error instanceof EndReason) return error.message;
  return error.code === "ETIMEDOUT"
    ? `${side} does not answer (${error.message})`
    : `reset by ${side} (${error.message})`;
}

/** Whether a reason begins with what {@link endedBy} says of that side. */
export function wasEndedBy(side: "client" | "remote", reason: string): boolean {
  return reason.startsWith(endedBy(side)) || reason.startsWith(`reset by ${side} `);
}

/** Calls a listener of an end. What it throws is a fault of this end's connection alone. */
export function guarded(end: Pick<End, "events">, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    end.events.fault(error);
  }
}

/** Events of an end that nobody listens to any more. */
export const IGNORE_EVENTS: EndEvents = {
  data() {},
  eof() {},
  drained() {},
  finished() {},
  closed() {},
  fault() {},
};
