import { FairQueue, type Verdict } from "../core/mux/fair-queue.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import type { Failure, Request } from "../core/mux/protocol.js";
import { WaitingList } from "../core/mux/waiting-list.js";
import { SlicedLoop } from "../scheduling/sliced-loop.js";
import type { Clock } from "../system/clock.js";
import type { MuxClient } from "./mux-client.js";
import { type Asker, type Item, PendingRequest } from "./pending-request.js";
import { TimeLimit } from "./time-limit.js";

/** What turns ask and tell the mux whose clients take them. */
export interface FairSchedulerOwner {
  readonly clock: Clock;
  options(): MuxOptions;
  /** Whether any request could be dealt with now. */
  hasRoom(): boolean;
  /** Whether this one could without room, too. */
  covers(request: Request): boolean;
  /** Whether any request could without room. */
  shares(): boolean;
  /** It is the turn of this request. */
  run(asker: Asker, pending: PendingRequest): void;
  /** Requests wait for nothing but a link. */
  wantLink(): void;
  timedOut(): void;
  queueFull(): void;
}

type LocalReply = Extract<Item, { kind: "say" }>;

/** What a client is at. */
interface Attendance {
  /** Its requests that are under way: reads, or one that is none. */
  readonly running: Set<Asker>;
  /** It sends no more. */
  ended: boolean;
}
const NOTHING = Buffer.alloc(0);
const MAX_LOCAL_REPLIES = 1024; // refusals that wait behind answers; a client that earns more of them is not read for a while

/**
 * Whose turn it is: clients one after the other, the requests of each in their order, none waiting for ever. What the mux itself
 * has to say to a client keeps that order, too.
 */
export class FairScheduler {
  readonly #owner: FairSchedulerOwner;
  readonly #queue = new FairQueue<MuxClient, Item>();
  /** Clients whose next request needs no link once the answer to the same one is known. */
  readonly #wishes = new WaitingList<MuxClient>();
  readonly #clients = new Map<MuxClient, Attendance>();
  readonly #limit: TimeLimit;
  readonly #dispatching: SlicedLoop;
  #stopped = false;

  constructor(owner: FairSchedulerOwner) {
    this.#owner = owner;
    this.#dispatching = new SlicedLoop(() => this.#dispatchOne());
    this.#limit = new TimeLimit({
      clock: owner.clock,
      limitMs: () => owner.options().answerMs,
      expired: (asker) => this.#giveUp(asker),
      done: () => this.dispatch(),
    });
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** A client more. */
  join(client: MuxClient): void {
    this.#clients.set(client, { running: new Set(), ended: false });
  }

  /** A client less: what it waited for is forgotten. */
  leave(client: MuxClient): void {
    for (const asker of this.#clients.get(client)?.running ?? []) this.#stop(asker);
    this.forgetWaiting(client);
    this.#clients.delete(client);
  }

  /** What a client waits for is not asked any more. */
  forgetWaiting(client: MuxClient): void {
    this.#wishes.remove(client);
    for (const item of this.#queue.remove(client)) {
      if (item.kind === "say") continue;
      this.#limit.remove(item.asker);
      item.asker.place = undefined;
    }
  }

  /** A client sends no more: it is closed when it has all its answers. */
  end(client: MuxClient): void {
    const idleTimer = this.#clients.get(client);
    if (idleTimer !== undefined) idleTimer.ended = true;
    this.#finishIfDone(client);
  }

  /** Whether a client waits for something. */
  isBusy(client: MuxClient): boolean {
    return this.#queue.sizeOf(client) > 0 || (this.#clients.get(client)?.running.size ?? 0) > 0;
  }

  /** A client whose queue is full is told so, or, where its protocol has no words for that, not read any more. */
  isQueueFull(client: MuxClient): boolean {
    const { queue, protocol } = this.#owner.options();
    return this.#queue.sizeOf(client) >= (protocol.hasFailureReply ? queue + MAX_LOCAL_REPLIES : queue);
  }

  /** A client asks. */
  ask(client: MuxClient, request: Request): void {
    if (!this.#clients.has(client)) return;
    if (this.#queue.sizeOf(client) >= this.#owner.options().queue) {
      this.#owner.queueFull();
      this.#queue.push(client, this.#apology(request, "queue full"));
    } else {
      const since = this.#owner.clock.now();
      const asker: Asker = { client, request, since, place: undefined, pending: undefined };
      asker.place = this.#queue.push(client, { kind: "ask", asker, repeated: false });
      this.#limit.add(asker);
    }
    this.dispatch();
  }

  /** A client is told something in its turn. `last`: and then closed, for this reason. */
  say(client: MuxClient, bytes: Buffer = NOTHING, last?: string): void {
    if (!this.#clients.has(client)) return;
    this.#queue.push(client, { kind: "say", bytes, ...(last !== undefined && { last }) });
    this.dispatch();
  }

  /** What kept a client from its turn may not do so any more. */
  call(client: MuxClient): void {
    this.#queue.reconsider(client);
  }

  /** The answer to this read is known, or will be: all whose next request is the same can have it. */
  known(key: string): void {
    for (const client of this.#wishes.take(key)) this.#queue.reconsider(client);
  }

  /** A client's request is under way. */
  started(asker: Asker, pending: PendingRequest): void {
    asker.pending = pending;
    this.#clients.get(asker.client)?.running.add(asker);
  }

  /** A request is not under way any more, and its client has all it will get. */
  over(asker: Asker): void {
    this.#limit.remove(asker);
    this.#stop(asker);
    this.#finishIfDone(asker.client);
  }

  /** A request is not under way any more, and its client has no answer. */
  failed(asker: Asker, why: Failure): void {
    this.#limit.remove(asker);
    this.#stop(asker);
    if (this.#clients.has(asker.client)) this.#say(asker.client, this.#apology(asker.request, why));
  }

  /** A request is not under way any more, but will be once more, before all others. */
  again(asker: Asker): void {
    this.#stop(asker);
    if (!this.#clients.has(asker.client)) return;
    asker.place = this.#queue.pushFront(asker.client, { kind: "ask", asker, repeated: true });
  }

  /** Nobody's turn comes any more. */
  stop(): void {
    this.#stopped = true;
    this.#limit.stop();
  }

  /** Runs what can run now. */
  dispatch(): void {
    this.#dispatching.run();
  }

  #dispatchOne(): boolean {
    const next = this.#queue.take(this.#owner.hasRoom(), (client, item) => this.#judge(client, item));
    if (next === undefined) {
      if (this.#queue.ownersWithoutRoom > 0 && !this.#stopped) this.#owner.wantLink();
      return false;
    }
    const { owner: client, item } = next;
    if (item.kind === "ask") {
      item.asker.place = undefined;
      this.#owner.run(item.asker, new PendingRequest(item.asker, item.repeated));
    } else {
      this.#say(client, item);
    }
    client.check();
    return true;
  }

  /** A client's requests keep their order; only reads whose answers can be told apart run beside each other. */
  #judge(client: MuxClient, item: Item): Verdict {
    this.#wishes.remove(client);
    const running = this.#clients.get(client)?.running;
    if (running === undefined || client.stalled) return "not now";
    const { hasIds } = this.#owner.options().protocol;
    if (item.kind === "say") return running.size === 0 || (hasIds && item.last === undefined) ? "take" : "not now";
    const { request } = item.asker;
    const [other] = running; // either all of them read, or there is one
    const beside = other === undefined || (hasIds && request.reads && other.request.reads);
    if (this.#stopped || !beside) return "not now";
    if (this.#owner.hasRoom()) return "take";
    if (request.key === undefined || !this.#owner.shares()) return "no room";
    if (this.#owner.covers(request)) return "take";
    this.#wishes.set(client, request.key);
    return "no room";
  }

  #say(client: MuxClient, { bytes, last }: LocalReply): void {
    if (bytes.length > 0) client.deliver(bytes);
    if (last === undefined) this.#finishIfDone(client);
    else {
      this.forgetWaiting(client);
      client.close(last);
    }
  }

  #finishIfDone(client: MuxClient): void {
    if (this.#clients.get(client)?.ended && !this.isBusy(client) && client.unsent === 0) client.close(undefined);
  }

  /** A request is not under way any more. */
  #stop(asker: Asker): void {
    asker.pending?.askers.delete(asker);
    asker.pending = undefined;
    this.#clients.get(asker.client)?.running.delete(asker);
    this.#queue.reconsider(asker.client);
  }

  /** A request has waited long enough, for its turn or for its answer. */
  #giveUp(asker: Asker): void {
    if (asker.pending?.begun) return;
    const { place } = asker;
    if (place === undefined && asker.pending === undefined) return;
    this.#owner.timedOut();
    if (place === undefined) {
      this.failed(asker, "no answer"); // the device may still answer: its link has a limit of its own
      return;
    }
    asker.place = undefined;
    place.value = this.#apology(asker.request, "no answer");
    this.#queue.reconsider(asker.client);
  }

  /** What a client is told instead of an answer. */
  #apology(request: Request, why: Failure): LocalReply {
    const bytes = this.#owner.options().protocol.failureReply(request, why);
    return bytes === undefined || request.closesClient
      ? { kind: "say", bytes: bytes ?? NOTHING, last: `${why} for its request` }
      : { kind: "say", bytes };
  }
}
