import { AnswerCache } from "../core/collections/answer-cache.js";
import type { Request } from "../core/mux/protocol.js";
import type { PendingRequest } from "./pending-request.js";

/** Reads that need not be asked again: their answer is still fresh, or somebody is just asking the same (CACH). */
export class ReadCoalescer {
  /** How long an answer may be given again; 0: nothing is shared. */
  readonly ms: number;
  readonly #cache: AnswerCache;
  /** Reads under way that others who ask the same may join. */
  readonly #joinable = new Map<string, PendingRequest>();

  constructor(ms: number) {
    this.ms = ms;
    this.#cache = new AnswerCache(ms);
  }

  /** Whether the device need not be asked. */
  covers(request: Request, now: number): boolean {
    return this.joinable(request) !== undefined || this.fresh(request, now) !== undefined;
  }

  /** An answer that is still fresh. */
  fresh({ key }: Request, now: number): Buffer | undefined {
    return key === undefined ? undefined : this.#cache.find(key, now);
  }

  /** The same read, under way. */
  joinable({ key }: Request): PendingRequest | undefined {
    const pending = key === undefined || this.ms === 0 ? undefined : this.#joinable.get(key);
    return pending?.wanted ? pending : undefined;
  }

  /** An exchange goes out now. */
  sent(pending: PendingRequest): void {
    const { key, reads } = pending.request;
    if (!reads) this.changed();
    pending.writes = this.#cache.generation;
    if (key !== undefined) this.#joinable.set(key, pending);
  }

  /** Its answer has come. `isFailure`: it says that there is none; another one may be better. */
  answered({ request, writes }: PendingRequest, bytes: Buffer, isFailure: boolean, now: number): void {
    if (request.key !== undefined && !isFailure) this.#cache.store(request.key, bytes, writes, now);
  }

  /** It is under way no more. */
  over(pending: PendingRequest): void {
    const { key, reads } = pending.request;
    if (key !== undefined && this.#joinable.get(key) === pending) this.#joinable.delete(key);
    if (!reads) this.changed();
  }

  /** Something is being written, or has been, or the device tells of a change: what was read before is not to be told any more. */
  changed(): void {
    this.#cache.invalidate();
    this.#joinable.clear();
  }
}
