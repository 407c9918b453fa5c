import { AnswerCache } from "../core/collections/answer-cache.js";
import type { Cut } from "../core/framing/framing.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import type { Request } from "../core/mux/protocol.js";
import { RangeCache } from "../core/mux/range-cache.js";
import { ReadMerger } from "../core/mux/read-merger.js";
import { cutOut, groupOf, holds, type RegisterRange, rangeOf } from "../core/mux/register-ranges.js";
import type { PendingRequest } from "./pending-request.js";

const MIN_RECENT_MS = 5000; // dashboards poll as often, and ask for the same again
const RECENT_CACHES = 4; // a read that comes back later would find the values too old most often

/**
 * Spares the device reads. With CACH fresh answers are given again, and a read joins one that is under way; with MERG one request stands
 * for several reads of ranges near each other (docs/mux.md).
 */
export class ReadCoalescer {
  /** How long an answer stays fresh; 0: nothing is shared. */
  readonly ms: number;
  readonly #options: () => MuxOptions;
  readonly #answers: AnswerCache;
  readonly #values = new RangeCache();
  readonly #merger = new ReadMerger();
  /** Reads under way that other reads may join, by key. */
  readonly #underWay = new Map<string, PendingRequest>();

  /** @param options a reload may change them, but not CACH */
  constructor(options: () => MuxOptions) {
    this.#options = options;
    this.ms = options().cacheMs;
    this.#answers = new AnswerCache(this.ms);
  }

  /** Whether a read needs no request to the device. */
  canAnswer(request: Request, now: number): boolean {
    return this.ms > 0 && (this.#isCached(request, now) || this.joinable(request, now) !== undefined);
  }

  /** What the answers to this read have in common with those to others: they may answer it, too. */
  keyOf(request: Request): string | undefined {
    const range = this.ms > 0 || this.#options().mergeGap > 0 ? rangeOf(request) : undefined;
    return range === undefined ? request.key : groupOf(range);
  }

  /** The fresh answer to a read, in the form for its client. */
  cached(request: Request, now: number): Buffer | undefined {
    const { protocol } = this.#options();
    if (request.key === undefined || this.ms === 0) return undefined;
    const range = rangeOf(request);
    if (range === undefined || protocol.ranges === undefined) {
      const bytes = this.#answers.find(request.key, now);
      return bytes && protocol.forClient({ kind: "frame", bytes }, request);
    }
    const values = this.#values.find(range, now);
    return values && protocol.ranges.answer(request, values);
  }

  #isCached(request: Request, now: number): boolean {
    if (request.key === undefined) return false;
    const range = this.#options().protocol.ranges === undefined ? undefined : rangeOf(request);
    return range === undefined ? this.#answers.find(request.key, now) !== undefined : this.#values.has(range, now);
  }

  /** A read under way whose answer answers this one, too, and is not older than CACH. */
  joinable(request: Request, now: number): PendingRequest | undefined {
    if (request.key === undefined || this.ms === 0) return undefined;
    const range = rangeOf(request);
    for (const pending of range === undefined ? [this.#underWay.get(request.key)] : this.#underWay.values()) {
      if (!pending?.isWanted || now - (pending.sentAt ?? now) >= this.ms) continue;
      if (range === undefined || (pending.range !== undefined && isIn(range, pending.range))) return pending;
    }
    return undefined;
  }

  /** It is the turn of a read: the request for it may ask for what others have asked for lately, too. */
  begin(pending: PendingRequest, isAlone: boolean, now: number): void {
    const { mergeGap } = this.#options();
    pending.range = this.ms > 0 || mergeGap > 0 ? rangeOf(pending.request) : undefined;
    if (pending.range === undefined) return;
    pending.isMerging = mergeGap > 0 && !isAlone;
    if (!pending.isMerging || this.ms === 0) return;
    this.#merger.asked(pending.range, now);
    const since = now - Math.max(MIN_RECENT_MS, RECENT_CACHES * this.ms);
    pending.range = this.#merger.widened(pending.range, mergeGap, since, now);
  }

  /** A client asks for something that needs no request. */
  asked(request: Request, now: number): void {
    const range = this.#options().mergeGap > 0 ? rangeOf(request) : undefined;
    if (range !== undefined) this.#merger.asked(range, now);
  }

  /** Whether a waiting read may share the answer to this one; the request for it asks for more then, where it has to. */
  takes(pending: PendingRequest, other: Request, now: number): boolean {
    if (other.key === pending.asker.request.key) return true;
    const range = pending.isMerging ? rangeOf(other) : undefined;
    if (range === undefined || pending.range === undefined) return false;
    this.#merger.asked(range, now);
    if (isIn(range, pending.range)) return true;
    const both = this.#merger.union(pending.range, range, this.#options().mergeGap, now);
    pending.range = both ?? pending.range;
    return both !== undefined;
  }

  /** The request goes out now. */
  sent(pending: PendingRequest): void {
    const { request, range } = pending;
    const { ranges } = this.#options().protocol;
    if (!request.reads) this.invalidate();
    pending.cacheGeneration = this.#answers.generation;
    if (range !== undefined && ranges !== undefined && !isSame(range, rangeOf(request))) {
      pending.request = ranges.request(range, request);
      pending.parts = [...pending.waiters].flatMap((waiter) => rangeOf(waiter.request) ?? []);
    }
    if (this.ms > 0 && pending.request.key !== undefined) this.#underWay.set(pending.request.key, pending);
  }

  /**
   * The answer to a request has come.
   *
   * @param isFailure it reports a failure, and the next answer may be better
   * @returns whether clients get it; else they have to be asked for one by one
   */
  answered(pending: PendingRequest, bytes: Buffer, isFailure: boolean, now: number): boolean {
    const { request, range, parts, cacheGeneration, sentAt = now } = pending;
    const { protocol, mergeGap } = this.#options();
    if (isFailure) {
      const isRefused = protocol.ranges?.isRefusal(bytes) ?? false;
      if (isRefused && range !== undefined && mergeGap > 0) this.#merger.refused(range, parts ?? [range], now);
      return !isRefused || parts === undefined;
    }
    if (range !== undefined && mergeGap > 0) this.#merger.answered(range, now);
    if (this.ms === 0 || request.key === undefined) return true;
    if (range === undefined || protocol.ranges === undefined) {
      this.#answers.store(request.key, bytes, cacheGeneration, sentAt);
    } else if (cacheGeneration === this.#answers.generation) {
      this.#values.store(range, protocol.ranges.values(bytes), sentAt + this.ms, now); // the device may have read them at once
    }
    return true;
  }

  /** A request for several reads got no answer: perhaps the device does not answer what it cannot read. */
  unanswered({ range, parts }: PendingRequest, now: number): void {
    if (range !== undefined && parts !== undefined) this.#merger.unanswered(range, parts, now);
  }

  /** The answer in the form for the client of this request. The bytes are lent. */
  forClient(pending: PendingRequest, cut: Cut, request: Request, isFailure: boolean): Buffer {
    const { protocol } = this.#options();
    const inner = isFailure || pending.range === undefined ? undefined : rangeOf(request);
    if (inner === undefined || pending.range === undefined || !protocol.ranges || isSame(inner, pending.range)) {
      return protocol.forClient(cut, request);
    }
    return protocol.ranges.answer(request, cutOut(protocol.ranges.values(cut.bytes), pending.range, inner));
  }

  /** A request is under way no more. */
  finished(pending: PendingRequest): void {
    const { key, reads } = pending.request;
    if (key !== undefined && this.#underWay.get(key) === pending) this.#underWay.delete(key);
    if (!reads) this.invalidate();
  }

  /** The state of the device changes, or has changed: earlier answers are worth nothing. */
  invalidate(): void {
    this.#answers.invalidate();
    this.#values.clear();
    this.#underWay.clear();
  }
}

function isIn(inner: RegisterRange, outer: RegisterRange): boolean {
  return groupOf(inner) === groupOf(outer) && holds(outer, inner);
}

function isSame(one: RegisterRange, other: RegisterRange | undefined): boolean {
  return one.start === other?.start && one.count === other.count;
}
