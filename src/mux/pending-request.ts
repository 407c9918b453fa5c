import type { Place } from "../core/collections/deque.js";
import type { Cut } from "../core/framing/framing.js";
import type { Failure, Protocol, Request } from "../core/mux/protocol.js";
import type { RegisterRange } from "../core/mux/register-ranges.js";
import type { Outcome } from "../core/mux/request-outcome.js";
import type { MuxClient } from "./mux-client.js";

/** Bytes that the mux itself sends to a client, in the order of the requests of the client. */
export interface LocalReply {
  readonly kind: "reply";
  readonly bytes: Buffer;
  /** Why the mux closes the client behind the reply. Absent: it does not. */
  readonly closeReason?: string;
}

/** The reply to the client in place of an answer. Where the protocol has none, the mux closes the client. */
export function failureReply(protocol: Protocol, request: Request, why: Failure): LocalReply {
  const bytes = protocol.failureReply(request, why);
  return bytes === undefined || request.closesClient
    ? { kind: "reply", bytes: bytes ?? Buffer.alloc(0), closeReason: `${why} for its request` }
    : { kind: "reply", bytes };
}

/** An item in the queue of a client. */
export type QueueItem = { readonly kind: "request"; readonly clientRequest: ClientRequest } | LocalReply;

/** A request of one client, from its arrival to its answer. */
export class ClientRequest {
  readonly client: MuxClient;
  readonly request: Request;
  /** When it arrived, by the clock of the mux. */
  readonly since: number;
  /** {@link UnitHealth.lostMs} up to which its time has been counted. */
  lostMs: number;
  /** How much of its waiting does not count. */
  excusedMs = 0;
  /** Its place in the queue, until its turn. */
  place: Place<QueueItem> | undefined;
  /** Its place among the requests whose time is limited. */
  limited: Place<ClientRequest> | undefined;
  /** Its place among the started requests of its client. */
  running: Place<ClientRequest> | undefined;
  /** From its turn on: the request to the device whose answer it waits for. */
  pending: PendingRequest | undefined;
  /** The key by which others find it while it waits; undefined: none does. */
  waitingKey: string | undefined;
  /** Whether it goes out once more because its link was lost. */
  isRepeat = false;
  /** Whether it goes out alone: a request for several reads was refused. */
  isAlone = false;
  /** When its turn came. */
  startedAt: number | undefined;
  /** How it has ended. */
  outcome: Outcome | undefined;

  constructor(client: MuxClient, request: Request, since: number, lostMs: number) {
    this.client = client;
    this.request = request;
    this.since = since;
    this.lostMs = lostMs;
  }
}

/** Whether a request can be started now. `last`: behind all others that can; `other`: there is room only for requests to other units. */
export type Room = "room" | "last" | "other" | "none";

/** A request to the device. Several clients wait for it when they sent identical reads. */
export class PendingRequest {
  /** As it goes to the device: it may ask for more than {@link asker} does. */
  request: Request;
  /** What it reads, where that is a range. */
  range: RegisterRange | undefined;
  /** What its clients asked for, where it stands for reads of several ranges. */
  parts: readonly RegisterRange[] | undefined;
  /** Whether it may stand for reads of other ranges, too. */
  isMerging = false;
  /** Whether the device has refused it as a whole: its clients' reads go out one by one. */
  isRefused = false;
  /** The request that it is made for. The others have joined it. */
  readonly asker: ClientRequest;
  /** The id that it went out with; 0 where the protocol has none. */
  id = 0;
  /** When it went to the device; undefined: it did not, as the cache had the answer. */
  sentAt: number | undefined;
  /** Its place among the requests that are with the device. */
  underWay: Place<PendingRequest> | undefined;
  /** In the order of their arrival. A waiter that gives up is removed. */
  readonly waiters = new Set<ClientRequest>();
  /** {@link AnswerCache.generation} when the request went out. */
  cacheGeneration = 0;
  /** Whether its answer reports a failure. */
  isFailure = false;
  /** Whether a client has got a part of the answer: no other reply is possible then. */
  answerBegun = false;
  #loss: "may have been worked on" | "turned away" | "not sent" = "may have been worked on";

  constructor(first: ClientRequest) {
    this.request = first.request;
    this.asker = first;
    this.waiters.add(first);
  }

  /** Whether any client still waits for the answer. */
  get isWanted(): boolean {
    return this.waiters.size > 0;
  }

  /** Whether all clients that wait for the answer may be gone. */
  get mayBeUnwanted(): boolean {
    for (const { client } of this.waiters) if (!client.mayBeGone) return false;
    return true;
  }

  /** Whether an answer is to come. */
  get isAwaited(): boolean {
    return !this.request.oneWay && !this.request.signOfLife;
  }

  /** How a request that waits for this one ends when this one does. */
  outcomeOf(clientRequest: ClientRequest): Outcome {
    if (this.sentAt === undefined) return "cacheHits";
    if (clientRequest !== this.asker) return "joined";
    return this.isAwaited ? "answers" : "sent";
  }

  /** Not a byte of the request has left this machine: its connection was lost before. */
  hasNotGoneOut(): void {
    if (this.request.body === undefined) this.#loss = "not sent"; // what is gone of a body does not come again
  }

  /** The device ended the connection because it still had the one before. */
  wasTurnedAway(): void {
    if (this.#loss !== "not sent") this.#loss = "turned away";
  }

  /** Whether the loss of its connection says something about the request: the next loss, of whatever kind, is the last one. */
  get lossCounts(): boolean {
    return this.#loss === "may have been worked on";
  }

  /**
   * Whether the request may go out once more when its connection is lost: what has never gone out; and a read, unless it was lost before with
   * a link that had answered. It may be what the device stumbles over: it goes to the device twice, then.
   */
  get mayRepeat(): boolean {
    if (this.#loss === "not sent") return true;
    return this.request.reads && !this.answerBegun && !this.asker.isRepeat;
  }
}

/** The connection that an answer comes from. */
export interface AnswerSource {
  readonly isStopped: boolean;
  /** Stops reading: a client does not take its answer. */
  pause(): void;
  resume(): void;
}

/** What happens to requests, and what the device sends besides answers. */
export interface RequestEvents {
  /** A part of the answer, or all of it. The bytes are lent. */
  answer(pending: PendingRequest, cut: Cut, source: AnswerSource): void;
  /** The answer is complete; `byEof`: FIN of the device was its end. */
  completed(pending: PendingRequest, byEof: boolean): void;
  failed(pending: PendingRequest, why: Failure): void;
  /** The client does not send the rest of its request, and hears of it from elsewhere. */
  withdrawn(pending: PendingRequest, reason: string): void;
  /** The device has sent a message to all clients. */
  event(message: Buffer): void;
  /** The device has sent a message, or other bytes, that no request waits for. */
  unsolicited(text: string): void;
}
