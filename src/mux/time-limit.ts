import { Deque } from "../core/collections/deque.js";
import type { Failure } from "../core/mux/protocol.js";
import { SlicedLoop } from "../scheduling/sliced-loop.js";
import type { Clock, Timer } from "../system/clock.js";
import type { ClientRequest } from "./pending-request.js";

/** What a time limit asks of its owner, and tells it. */
export interface TimeLimitOwner {
  readonly clock: Clock;
  /** A reload may change the limit: then it holds for requests that wait already, too. */
  limitMs(): number;
  expired(clientRequest: ClientRequest, why: Failure): void;
  /** {@link expired} was called for all requests that are due. */
  done(): void;
}

/** Limits how long requests wait (TIME). One timer serves all of them: they expire in the order of their arrival. */
export class TimeLimit {
  readonly #owner: TimeLimitOwner;
  readonly #requests = new Deque<ClientRequest>();
  readonly #expiring: SlicedLoop;
  #timer: Timer | undefined;
  /** Requests that came at this time or before fail. */
  #hopelessSince = Number.NEGATIVE_INFINITY;

  constructor(owner: TimeLimitOwner) {
    this.#owner = owner;
    this.#expiring = new SlicedLoop(() => this.#expireOne());
  }

  /** Begins to limit a request. It arrived later than all others. */
  add(clientRequest: ClientRequest): void {
    clientRequest.limited = this.#requests.push(clientRequest);
    if (this.#timer === undefined) this.#schedule(clientRequest);
  }

  /** The request waits no more. */
  remove(clientRequest: ClientRequest): void {
    if (clientRequest.limited !== undefined) this.#requests.remove(clientRequest.limited);
  }

  /** Requests that came at this time or before fail: there is no link for them. */
  failUntil(since: number): void {
    this.#hopelessSince = since;
    this.#expiring.run();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule({ since }: ClientRequest): void {
    const { clock, limitMs } = this.#owner;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(1, since + limitMs() - clock.now()), () => {
      this.#timer = undefined;
      this.#expiring.run();
    });
  }

  #expireOne(): boolean {
    const { clock, limitMs, expired, done } = this.#owner;
    const { first } = this.#requests;
    const isLate = first !== undefined && first.since <= clock.now() - limitMs();
    if (first === undefined || (!isLate && first.since > this.#hopelessSince)) {
      this.#hopelessSince = Number.NEGATIVE_INFINITY;
      if (first !== undefined) this.#schedule(first);
      done();
      return false;
    }
    this.#requests.take();
    expired(first, isLate ? "no answer" : "no path");
    return true;
  }
}
