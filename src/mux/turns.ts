import type { Clock, Timer } from "../clock.js";
import { FairQueue } from "../core/mux/fair-queue.js";
import type { MuxOptions } from "../core/mux/options.js";
import type { Failure, Request } from "../core/mux/protocol.js";
import { type Asker, Exchange } from "./exchange.js";
import type { MuxClient } from "./mux-client.js";

/** What turns ask and tell the mux whose clients take them. */
export interface TurnsOwner {
  clock(): Clock;
  options(): MuxOptions;
  /** Whether any request could be dealt with now. */
  hasRoom(): boolean;
  /** Whether this one could, were it its turn. */
  canRun(request: Request): boolean;
  /** It is the turn of this request. */
  run(client: MuxClient, exchange: Exchange): void;
  /** Requests wait for nothing but a link. */
  wantLink(): void;
  timedOut(): void;
  queueFull(): void;
}

/** What waits for its turn. */
type Item =
  | { readonly kind: "ask"; readonly exchange: Exchange }
  /** Something to say without asking the device. `last`: and then to close, for this reason. */
  | { readonly kind: "say"; readonly bytes: Buffer; readonly last?: string };

const NOTHING = Buffer.alloc(0);
const MAX_SAYINGS = 1024; // refusals that wait behind answers; a client that earns more of them is not read for a while

type Saying = Extract<Item, { kind: "say" }>;

/**
 * Whose turn it is: clients one after the other, the requests of each in their order, none waiting for ever. What the mux itself
 * has to say to a client keeps that order, too.
 */
export class Turns {
  readonly #owner: TurnsOwner;
  readonly #queue = new FairQueue<MuxClient, Item>();
  /** The clients, each with its requests that are under way. */
  readonly #running = new Map<MuxClient, Set<Exchange>>();
  /** Those that send no more. */
  readonly #ended = new Set<MuxClient>();
  /** What waits only to be said. */
  #sayings = 0;
  #limit: Timer | undefined;
  #dispatching = false;
  #wanting = false;
  #stopped = false;

  constructor(owner: TurnsOwner) {
    this.#owner = owner;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** A client more. */
  join(client: MuxClient): void {
    this.#running.set(client, new Set());
  }

  /** A client less: what it waited for is forgotten. */
  leave(client: MuxClient): void {
    for (const exchange of this.#running.get(client) ?? []) exchange.forget(client);
    this.#running.delete(client);
    this.#ended.delete(client);
    this.forgetWaiting(client);
  }

  /** What a client waits for is not asked any more. */
  forgetWaiting(client: MuxClient): void {
    for (const { kind } of this.#queue.remove(client)) if (kind === "say") this.#sayings -= 1;
  }

  /** A client sends no more: it is closed when it has all its answers. */
  end(client: MuxClient): void {
    this.#ended.add(client);
    this.#finishIfDone(client);
  }

  /** Whether a client waits for something. */
  isBusy(client: MuxClient): boolean {
    return this.#queue.sizeOf(client) > 0 || (this.#running.get(client)?.size ?? 0) > 0;
  }

  /** A client whose queue is full is told so, or, where its protocol has no words for that, not read any more. */
  holds(client: MuxClient): boolean {
    const { queue, protocol } = this.#owner.options();
    return this.#queue.sizeOf(client) >= (protocol.tellsFailures ? queue + MAX_SAYINGS : queue);
  }

  /** A client asks. */
  ask(client: MuxClient, request: Request): void {
    if (this.#queue.sizeOf(client) >= this.#owner.options().queue) {
      this.#owner.queueFull();
      this.#enqueue(client, this.#apology(request, "queue full"));
    } else {
      const since = this.#owner.clock().now();
      this.#queue.push(client, { kind: "ask", exchange: new Exchange({ client, request, since }) });
      if (this.#limit === undefined) this.#limitTime(since);
    }
    this.dispatch();
  }

  /** Its request is to be asked once more, before all others. */
  askAgain(asker: Asker): void {
    this.#queue.putBack(asker.client, { kind: "ask", exchange: new Exchange(asker, true) });
  }

  /** A client is told something in its turn. `last`: and then closed, for this reason. */
  say(client: MuxClient, bytes: Buffer = NOTHING, last?: string): void {
    this.#enqueue(client, { kind: "say", bytes, ...(last !== undefined && { last }) });
    this.dispatch();
  }

  /** A client's request is under way. */
  started(client: MuxClient, exchange: Exchange): void {
    this.#running.get(client)?.add(exchange);
  }

  /** It is not any more; the client has its answer. */
  answered(client: MuxClient, exchange: Exchange): void {
    this.#running.get(client)?.delete(exchange);
    this.#finishIfDone(client);
  }

  /** It is not any more, and the client has no answer; nothing: it will be asked again. */
  failed(exchange: Exchange, { client, request }: Asker, why: Failure | undefined): void {
    this.#running.get(client)?.delete(exchange);
    if (why !== undefined) this.#say(client, this.#apology(request, why));
  }

  /** Nobody's turn comes any more. */
  stop(): void {
    this.#stopped = true;
    this.#limit?.cancel();
  }

  /** Runs what can run now. */
  dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    this.#wanting = false;
    try {
      for (;;) {
        if (this.#sayings === 0 && !this.#owner.hasRoom()) {
          this.#wanting = this.#queue.size > 0;
          break;
        }
        const next = this.#queue.take((client, item) => this.#mayRun(client, item));
        if (next === undefined) break;
        this.#take(next.owner, next.item);
      }
    } finally {
      this.#dispatching = false;
    }
    if (this.#wanting) this.#owner.wantLink();
  }

  #take(client: MuxClient, item: Item): void {
    if (item.kind === "ask") {
      this.#owner.run(client, item.exchange);
    } else {
      this.#sayings -= 1;
      this.#say(client, item);
    }
    client.check();
  }

  #enqueue(client: MuxClient, saying: Saying): void {
    this.#sayings += 1;
    this.#queue.push(client, saying);
  }

  /** A client's requests keep their order; only reads whose answers can be told apart run beside each other. */
  #mayRun(client: MuxClient, item: Item): boolean {
    const running = this.#running.get(client);
    if (running === undefined || client.stalled) return false;
    const { ids } = this.#owner.options().protocol;
    if (item.kind === "say") return running.size === 0 || (ids && item.last === undefined);
    const { request } = item.exchange;
    const beside = ids && request.reads && [...running].every((other) => other.request.reads);
    if (this.#stopped || (running.size > 0 && !beside)) return false;
    if (this.#owner.canRun(request)) return true;
    this.#wanting = true;
    return false;
  }

  #say(client: MuxClient, { bytes, last }: Saying): void {
    if (bytes.length > 0) client.deliver(bytes);
    if (last === undefined) this.#finishIfDone(client);
    else {
      this.forgetWaiting(client);
      client.close(last);
    }
  }

  #finishIfDone(client: MuxClient): void {
    if (this.#ended.has(client) && !this.isBusy(client) && client.unsent === 0) client.close(undefined);
  }

  /** Sees to it that every request is answered, or its client told that it is not, in its time, waiting included. */
  #limitTime(oldest: number): void {
    const clock = this.#owner.clock();
    const { answerMs } = this.#owner.options();
    this.#limit = clock.after(Math.max(1, oldest + answerMs - clock.now()), () => {
      this.#limit = undefined;
      const next = this.#giveUp(clock.now() - answerMs);
      if (next !== undefined) this.#limitTime(next);
      this.dispatch();
    });
  }

  /** Gives up what was asked so long ago; returns when the oldest of the rest was. */
  #giveUp(latest: number): number | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    this.#queue.change((item) => {
      if (item.kind === "say") return item;
      const [asker] = item.exchange.askers;
      if (asker === undefined || asker.since > latest) {
        oldest = Math.min(oldest, asker?.since ?? oldest);
        return item;
      }
      this.#owner.timedOut();
      this.#sayings += 1;
      return this.#apology(asker.request, "no answer");
    });
    for (const [client, exchanges] of this.#running) {
      for (const exchange of exchanges) {
        const asker = exchange.askerOf(client);
        if (asker === undefined || exchange.begun) continue;
        if (asker.since > latest) {
          oldest = Math.min(oldest, asker.since);
          continue;
        }
        // the device may still answer: its link has a limit of its own
        this.#owner.timedOut();
        exchange.forget(client);
        this.failed(exchange, asker, "no answer");
      }
    }
    return oldest === Number.POSITIVE_INFINITY ? undefined : oldest;
  }

  /** What a client is told instead of an answer. */
  #apology(request: Request, why: Failure): Saying {
    const bytes = this.#owner.options().protocol.failure(request, why);
    return bytes === undefined || request.last
      ? { kind: "say", bytes: bytes ?? NOTHING, last: `${why} for its request` }
      : { kind: "say", bytes };
  }
}
