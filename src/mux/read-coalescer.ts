import { AnswerCache } from "../core/collections/answer-cache.js";
import type { Request } from "../core/mux/protocol.js";
import type { PendingRequest } from "./pending-request.js";

/** Spares the device identical reads (CACH): the cache repeats fresh answers, and a read joins an identical one that is under way. */
export class ReadCoalescer {
  /** How long an answer stays fresh; 0: nothing is shared. */
  readonly ms: number;
  readonly #cache: AnswerCache;
  /** Reads under way that identical reads may join, by key. */
  readonly #joinable = new Map<string, PendingRequest>();

  constructor(ms: number) {
    this.ms = ms;
    this.#cache = new AnswerCache(ms);
  }

  /** Whether the request needs no room on a connection. */
  canAnswer(request: Request, now: number): boolean {
    return this.joinable(request) !== undefined || this.cached(request, now) !== undefined;
  }

  /** The fresh answer to an identical read. */
  cached({ key }: Request, now: number): Buffer | undefined {
    return key === undefined ? undefined : this.#cache.find(key, now);
  }

  /** An identical read that is under way. */
  joinable({ key }: Request): PendingRequest | undefined {
    const pending = key === undefined || this.ms === 0 ? undefined : this.#joinable.get(key);
    return pending?.isWanted ? pending : undefined;
  }

  /** A request goes out now. */
  sent(pending: PendingRequest): void {
    const { key, reads } = pending.request;
    if (!reads) this.invalidate();
    pending.cacheGeneration = this.#cache.generation;
    if (key !== undefined) this.#joinable.set(key, pending);
  }

  /** The answer to a request has come. `isFailure`: it reports a failure, and the next answer may be better. */
  answered({ request, cacheGeneration }: PendingRequest, bytes: Buffer, isFailure: boolean, now: number): void {
    if (request.key !== undefined && !isFailure) this.#cache.store(request.key, bytes, cacheGeneration, now);
  }

  /** A request is under way no more. */
  finished(pending: PendingRequest): void {
    const { key, reads } = pending.request;
    if (key !== undefined && this.#joinable.get(key) === pending) this.#joinable.delete(key);
    if (!reads) this.invalidate();
  }

  /** The state of the device changes, or has changed: earlier answers are worth nothing. */
  invalidate(): void {
    this.#cache.invalidate();
    this.#joinable.clear();
  }
}
