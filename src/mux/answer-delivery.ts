import type { Cut } from "../core/framing/framing.js";
import type { Failure, Protocol } from "../core/mux/protocol.js";
import { outcomeOf } from "../core/mux/request-outcome.js";
import type { Rounds } from "../scheduling/rounds.js";
import type { Clock } from "../system/clock.js";
import type { Announcements } from "./announcements.js";
import type { FairScheduler } from "./fair-scheduler.js";
import type { MuxClient } from "./mux-client.js";
import type { AnswerSource, PendingRequest } from "./pending-request.js";
import type { ReadCoalescer } from "./read-coalescer.js";
import type { RequestStatistics } from "./request-statistics.js";

/** What the delivery of answers has to do with. */
interface AnswerDeliveryOwner {
  readonly clock: Clock;
  readonly scheduler: FairScheduler;
  readonly statistics: RequestStatistics;
  readonly rounds: Rounds;
  readonly announcements: Announcements;
  protocol(): Protocol;
  coalescer(): ReadCoalescer;
  /** So many reads go out a second time. */
  repeated(count: number): void;
}

/** Brings answers of the device, and failures, to the clients that wait for them. */
export class AnswerDelivery {
  readonly #owner: AnswerDeliveryOwner;
  /** Connections that are paused because a client does not read its answer. */
  readonly #pausedBy = new Map<MuxClient, AnswerSource>();
  /** Whether the daemon stops: no request goes out any more. */
  #isStopping = false;

  constructor(owner: AnswerDeliveryOwner) {
    this.#owner = owner;
  }

  /** The daemon stops: no request goes out once more. */
  stop(): void {
    this.#isStopping = true;
  }

  /** The client reads again, has its answer, or is gone. */
  resumed(client: MuxClient): void {
    client.needNotRead();
    this.#pausedBy.get(client)?.resume();
    this.#pausedBy.delete(client);
  }

  /** A part of the answer, or all of it. The bytes are lent. */
  answer(pending: PendingRequest, cut: Cut, source: AnswerSource): void {
    const isFailure = this.#owner.protocol().isFailure?.(cut.bytes) ?? false;
    const isForAll = this.#owner.coalescer().answered(pending, cut.bytes, isFailure, this.#owner.clock.now());
    pending.isFailure = isFailure;
    pending.isRefused = !isForAll && !this.#isStopping;
    if (pending.isRefused) return;
    this.expected(pending);
    const isImmediate = this.#owner.rounds.idle && pending.waiters.size <= 1;
    const kept = isImmediate ? cut : { ...cut, bytes: Buffer.from(cut.bytes) };
    this.#owner.announcements.each(pending.waiters, ({ client, request }) => {
      client.deliver(this.#owner.coalescer().forClient(pending, kept, request, isFailure));
      if (cut.kind !== "part" || !client.stalled || source.isStopped) return;
      this.#pausedBy.set(client, source);
      source.pause();
      client.mustRead();
    });
  }

  /** The answer to this read is cached or under way: others may share it. */
  expected({ request }: PendingRequest): void {
    const key = this.#owner.coalescer().ms > 0 ? this.#owner.coalescer().keyOf(request) : undefined;
    if (key !== undefined) this.#owner.scheduler.answerExpected(key);
  }

  /** The answer is complete; `byEof`: FIN of the device was its end. */
  completed(pending: PendingRequest, byEof: boolean): void {
    this.#owner.coalescer().finished(pending);
    this.#owner.statistics.over(pending, true);
    this.#owner.scheduler.unitFreed();
    if (pending.isRefused) {
      this.#repeat(pending, true);
      return;
    }
    this.#owner.announcements.each(pending.waiters, (clientRequest) => {
      const { client, request } = clientRequest;
      const { confirmation } = request;
      if (confirmation !== undefined) {
        client.deliver(this.#owner.protocol().forClient({ kind: "frame", bytes: confirmation }, request));
      }
      this.resumed(client);
      this.#owner.scheduler.finished(clientRequest);
      if (!request.closesClient && !byEof) return;
      this.#owner.scheduler.discardWaiting(client);
      client.close(undefined);
    });
  }

  /** The request got no answer. */
  failed(pending: PendingRequest, why: Failure): void {
    this.#owner.coalescer().finished(pending);
    this.#owner.statistics.over(pending, false);
    this.#owner.scheduler.unitFreed();
    const repeats = why === "link lost" && pending.mayRepeat && !this.#isStopping;
    if (why === "no answer") this.#owner.coalescer().unanswered(pending, this.#owner.clock.now());
    if (repeats) {
      this.#owner.repeated(pending.waiters.size);
      if (pending.lossCounts) for (const clientRequest of pending.waiters) clientRequest.isRepeat = true;
      this.#repeat(pending, false);
      return;
    }
    this.#owner.announcements.each(pending.waiters, (clientRequest) => {
      if (pending.answerBegun) {
        this.#owner.scheduler.finished(clientRequest, outcomeOf(why));
        clientRequest.client.close(`${why} in the middle of an answer`, true);
      } else {
        this.#owner.scheduler.failed(clientRequest, why);
      }
    });
  }

  /** The client does not send the rest of its request, and hears of it from elsewhere. */
  withdrawn(pending: PendingRequest, reason: string): void {
    this.#owner.coalescer().finished(pending);
    this.#owner.statistics.over(pending, false);
    this.#owner.announcements.each(pending.waiters, (clientRequest) => {
      this.#owner.scheduler.finished(clientRequest, "abandoned");
      if (pending.answerBegun) clientRequest.client.close(reason, true);
    });
  }

  /** The requests of all clients that wait for this one go out once more, in their order. */
  #repeat(pending: PendingRequest, isAlone: boolean): void {
    const inReverse = new Set([...pending.waiters].reverse()); // each goes to the front
    let left = inReverse.size;
    let release: (() => void) | undefined; // a long round goes on later: what is in front by then must not go before the others
    this.#owner.announcements.each(inReverse, (clientRequest) => {
      release ??= this.#owner.scheduler.hold();
      left -= 1;
      clientRequest.isAlone ||= isAlone;
      if (pending.waiters.has(clientRequest)) this.#owner.scheduler.repeat(clientRequest);
      if (left === 0) release();
    });
  }
}
