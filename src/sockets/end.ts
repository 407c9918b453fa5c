import type { View } from "../core/monitor/view.js";
import type { ObservedPoint } from "./byte-observer.js";

/** What one end of a relay tells whoever is in charge of it. */
export interface EndEvents {
  /**
   * Bytes came. Their memory is used again for the next ones: whoever keeps the chunk beyond this call copies it, or pauses
   * the end for as long.
   */
  data(chunk: Buffer): void;
  /** The peer will send nothing more (FIN). Everything it sent has been handed on. */
  eof(): void;
  /** What was left unsent is now with the kernel; or, while something is left, it is not the peer that keeps it from being sent. */
  drained(): void;
  /** Our own FIN is on its way, behind everything written. */
  finished(): void;
  /** The end is gone, with an error where it was not closed in good order. */
  closed(error: Error | undefined): void;
  /** One of these calls has thrown: a fault in the program, and this connection's alone. */
  fault(error: unknown): void;
}

/** Stands between a relay and the server: the line of a shared device, which several connections use. */
export interface Intermediary {
  /** The view that fits what is known of the messages. */
  readonly view?: View;
  /** Where this connection's messages pass to and from the server; absent where other connections use the same link. */
  readonly serverSide?: ObservedPoint;
}

/** One of the two ends that a relay joins: a stream, or a UDP remote dressed up as one. */
export interface End {
  /** Who is told; set anew as the connection goes through its phases. */
  events: EndEvents;
  /** Bytes written that the kernel has not taken yet. */
  readonly unsent: number;
  /** It has been closed, by whichever side. */
  readonly gone: boolean;
  /** The peer's address. */
  readonly peerAddress: string;
  readonly peerPort: number;
  /** The end this one stands on, when it only changes when and how that one is used. */
  readonly base?: End;
  /** Whether the peer would take what is {@link unsent}, which waits for its turn. */
  readonly queues?: boolean;
  /** Datagrams that could not be passed on; streams have none. */
  readonly datagramsLost?: number;
  /** Set when this end is not the server itself: observers elsewhere see what becomes of its messages. */
  readonly intermediary?: Intermediary;
  /** Takes the chunk to write. It must not change before {@link unsent} is 0. */
  write(chunk: Buffer | string): void;
  /** Asks for no more data for now. */
  pause(): void;
  resume(): void;
  /** Sends FIN behind everything written. */
  end(): void;
  /** Cuts the connection: what is unsent is lost. `error`: told as the reason, where it is not ours. */
  destroy(error?: Error): void;
}

/** An end that closes for a reason of its own, in words for the log. */
export class EndReason extends Error {
  override readonly name = "EndReason";
}

/** How the log tells that one side has ended a connection: in good order, by an error, or by vanishing. */
export function endedBy(side: "client" | "remote", error?: NodeJS.ErrnoException): string {
  if (error === undefined) return `by ${side}`;
  if (error instanceof EndReason) return error.message;
  return error.code === "ETIMEDOUT"
    ? `${side} does not answer (${error.message})`
    : `reset by ${side} (${error.message})`;
}

/** Tells whoever is in charge of an end; what it throws is a fault of this end's connection alone. */
export function guarded(end: Pick<End, "events">, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    end.events.fault(error);
  }
}

/** Events for an end nobody listens to any more. */
export const IGNORE_EVENTS: EndEvents = {
  data() {},
  eof() {},
  drained() {},
  finished() {},
  closed() {},
  fault() {},
};
