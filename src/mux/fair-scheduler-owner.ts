import type { MuxOptions } from "../core/mux/mux-options.js";
import type { Request } from "../core/mux/protocol.js";
import type { Outcome } from "../core/mux/request-outcome.js";
import type { Clock } from "../system/clock.js";
import type { MuxClient } from "./mux-client.js";
import type { ClientRequest, PendingRequest, Room } from "./pending-request.js";

/** What a scheduler asks of the mux whose clients it schedules, and tells it. */
export interface FairSchedulerOwner {
  readonly clock: Clock;
  options(): MuxOptions;
  /** Whether some request can be started now: sent to the device, or failed at once. */
  hasRoom(): boolean;
  /** Whether this one can be: there is room, or its answer is cached or under way. `other`: room is only for requests to other units. */
  roomFor(request: Request): Room;
  /** For how long requests without answer have kept links from other units, all together ({@link UnitHealth.lostMs}). */
  lostMs(): number;
  /** How much of its time the request has waited for such units, since the last call: that does not count. */
  excusedMs(clientRequest: ClientRequest): number;
  /** Whether clients share the answers to reads (CACH). */
  isCoalescing(): boolean;
  /** The key of a read: those that one answer may serve have the same. Undefined: no other read has one. */
  keyOf(request: Request): string | undefined;
  /** It is the turn of this request. */
  start(clientRequest: ClientRequest, pending: PendingRequest): void;
  /** Requests wait for nothing but a connection. */
  needsConnection(): void;
  /** A request is over: it has its answer, or its failure. */
  settled(clientRequest: ClientRequest, outcome: Outcome): void;
  /** A request was rejected because the queue of its client is full. */
  queueFull(client: MuxClient): void;
}
