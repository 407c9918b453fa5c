import { Deque } from "../core/collections/deque.js";
import { FairQueue, type Verdict } from "../core/mux/fair-queue.js";
import type { Failure, Request } from "../core/mux/protocol.js";
import { type Outcome, outcomeOf } from "../core/mux/request-outcome.js";
import { SlicedLoop } from "../scheduling/sliced-loop.js";
import type { FairSchedulerOwner } from "./fair-scheduler-owner.js";
import type { MuxClient } from "./mux-client.js";
import { ClientRequest, failureReply, type LocalReply, PendingRequest, type QueueItem } from "./pending-request.js";
import { TimeLimit } from "./time-limit.js";
import { WaitingClients } from "./waiting-clients.js";
import { WaitingReads } from "./waiting-reads.js";

/** What the scheduler knows about a client. */
interface ClientState {
  /** Started requests that have no answer yet: any number of reads, or one other request. */
  readonly running: Deque<ClientRequest>;
  /** Whether the client has sent FIN. */
  inputEnded: boolean;
}

const NOTHING = Buffer.alloc(0);
const MAX_LOCAL_REPLIES = 1024; // replies that wait behind answers; the mux does not read from a client that has more of them

/**
 * Decides whose request is started next: round robin over clients, each client's requests in their order, no request older than TIME.
 * Replies of the mux itself keep the order of the requests, too.
 */
export class FairScheduler {
  readonly #owner: FairSchedulerOwner;
  readonly #queue = new FairQueue<MuxClient, QueueItem>();
  readonly #waitingClients = new WaitingClients((client) => this.#queue.reconsider(client));
  readonly #waitingReads = new WaitingReads(this.#queue, (request) => this.#owner.keyOf(request));
  readonly #clients = new Map<MuxClient, ClientState>();
  readonly #timeLimit: TimeLimit;
  readonly #dispatching: SlicedLoop;
  /** How many put requests back just now: nothing is started before they have. */
  #holders = 0;
  #isStopped = false;

  constructor(owner: FairSchedulerOwner) {
    this.#owner = owner;
    this.#dispatching = new SlicedLoop(() => this.#dispatchOne());
    this.#timeLimit = new TimeLimit({
      clock: owner.clock,
      limitMs: () => owner.options().timeoutMs,
      expired: (clientRequest, why) => this.#expire(clientRequest, why),
      done: () => this.dispatch(),
    });
  }

  /** Number of items that wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(client: MuxClient): void {
    this.#clients.set(client, { running: new Deque(), inputEnded: false });
  }

  /** The client is gone: nothing waits for it any more. */
  remove(client: MuxClient): void {
    for (const clientRequest of [...(this.#clients.get(client)?.running ?? [])]) {
      this.#settle(clientRequest, "abandoned");
      this.#stopRunning(clientRequest);
    }
    this.discardWaiting(client);
    this.#clients.delete(client);
  }

  /** Discards everything that waits for its turn. Started requests go on. */
  discardWaiting(client: MuxClient): void {
    this.#waitingClients.remove(client);
    for (const item of this.#queue.remove(client)) {
      if (item.kind === "reply") continue;
      this.#settle(item.clientRequest, "abandoned");
      this.#waitingReads.remove(item.clientRequest);
      item.clientRequest.place = undefined;
    }
  }

  /** The client has sent FIN: the mux closes it behind its last answer. */
  inputEnded(client: MuxClient): void {
    const state = this.#clients.get(client);
    if (state !== undefined) state.inputEnded = true;
    this.#closeIfDone(client);
  }

  /** Whether nothing of the client waits for its turn or its answer. */
  isAnswered(client: MuxClient): boolean {
    return this.#queue.sizeOf(client) === 0 && this.#clients.get(client)?.running.size === 0;
  }

  /** Whether the mux may accept nothing more of the client. A protocol with failure replies has room for those, too. */
  isQueueFull(client: MuxClient): boolean {
    const { queue, protocol } = this.#owner.options();
    return this.#queue.sizeOf(client) >= (protocol.hasFailureReply ? queue + MAX_LOCAL_REPLIES : queue);
  }

  /** Queues a request, or rejects it where the queue of the client is full. */
  request(client: MuxClient, request: Request): void {
    if (!this.#clients.has(client)) return;
    if (this.#queue.sizeOf(client) >= this.#owner.options().queue) {
      this.#owner.queueFull(client);
      this.#queue.push(client, failureReply(this.#owner.options().protocol, request, "queue full"));
      this.dispatch();
      return;
    }
    const since = this.#owner.clock.now();
    const clientRequest = new ClientRequest(client, request, since, this.#owner.lostMs());
    clientRequest.place = this.#queue.push(client, { kind: "request", clientRequest });
    this.#timeLimit.add(clientRequest);
    this.dispatch();
    this.#waitingReads.add(clientRequest); // most often it waits no more
  }

  /** Queues a reply of the mux itself. With a `closeReason` the mux closes the client behind the reply. */
  reply(client: MuxClient, bytes: Buffer = NOTHING, closeReason?: string): void {
    if (!this.#clients.has(client)) return;
    this.#queue.push(client, { kind: "reply", bytes, ...(closeReason !== undefined && { closeReason }) });
    this.dispatch();
  }

  /** What kept the client from its turn may have changed. */
  reconsider(client: MuxClient): void {
    this.#queue.reconsider(client);
  }

  /** The answer to the reads with this key is cached or under way: clients that wait to send one need no room. */
  answerExpected(key: string): void {
    this.#waitingClients.answerExpected(key);
  }

  /** A unit may have answered: clients that wait for it may go on. */
  unitFreed(): void {
    this.#waitingClients.unitFreed();
  }

  /** A request of a client waits for this request to the device from now on. */
  started(clientRequest: ClientRequest, pending: PendingRequest): void {
    clientRequest.pending = pending;
    clientRequest.startedAt = this.#owner.clock.now();
    clientRequest.running = this.#clients.get(clientRequest.client)?.running.push(clientRequest);
  }

  /** This read goes to the device now: waiting reads share its answer, where it takes them. */
  joinWaiting(pending: PendingRequest, takes: (request: Request) => boolean): void {
    if (!this.#waitingReads.mayHave(pending)) return; // as is usual
    const inAnyOrder = this.#owner.options().protocol.clientsHaveIds;
    const running = (client: MuxClient) => (client.stalled ? undefined : this.#clients.get(client)?.running);
    for (const clientRequest of this.#waitingReads.take(pending, { inAnyOrder, running, takes })) {
      pending.waiters.add(clientRequest);
      this.started(clientRequest, pending);
      clientRequest.client.check();
    }
  }

  /** The client has the whole answer to its request; `outcome`: it has a part or nothing, and there is no more. */
  finished(clientRequest: ClientRequest, outcome?: Outcome): void {
    this.#settle(clientRequest, outcome ?? clientRequest.pending?.outcomeOf(clientRequest) ?? "answers");
    this.#stopRunning(clientRequest);
    this.#closeIfDone(clientRequest.client);
  }

  /** A started request has failed: the client gets a reply that says so, or is closed. */
  failed(clientRequest: ClientRequest, why: Failure): void {
    const { client, request } = clientRequest;
    this.#settle(clientRequest, outcomeOf(why));
    this.#stopRunning(clientRequest);
    if (this.#clients.has(client)) this.#deliver(client, failureReply(this.#owner.options().protocol, request, why));
  }

  /** A started request goes out once more, before all others. */
  repeat(clientRequest: ClientRequest): void {
    const { client } = clientRequest;
    this.#stopRunning(clientRequest);
    if (!this.#clients.has(client)) return;
    clientRequest.place = this.#queue.pushFront(client, { kind: "request", clientRequest });
    this.#waitingReads.add(clientRequest);
  }

  /** Starts nothing until the function that it returns is called: several requests take their places meanwhile, in an order of their own. */
  hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      this.dispatch();
    };
  }

  /** Requests that came at this time or before fail: there is no link for them. */
  failUntil(since: number): void {
    this.#timeLimit.failUntil(since);
  }

  /** Starts no request any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timeLimit.stop();
  }

  /** Starts and delivers what can go now. */
  dispatch(): void {
    this.#dispatching.run();
  }

  #dispatchOne(): boolean {
    if (this.#holders > 0) return false;
    const next = this.#queue.take(this.#owner.hasRoom(), (client, item) => this.#judge(client, item));
    if (next === undefined) {
      if (this.#queue.ownersWithoutRoom > 0 && !this.#isStopped) this.#owner.needsConnection();
      return false;
    }
    const { owner: client, item } = next;
    if (item.kind === "request") {
      item.clientRequest.place = undefined;
      this.#waitingReads.remove(item.clientRequest);
      this.#owner.start(item.clientRequest, new PendingRequest(item.clientRequest));
    } else {
      this.#deliver(client, item);
    }
    client.check();
    return true;
  }

  /** A client's requests keep their order. Only reads in a protocol with ids run beside each other. */
  #judge(client: MuxClient, item: QueueItem): Verdict {
    this.#waitingClients.remove(client);
    const running = this.#clients.get(client)?.running;
    if (running === undefined || client.stalled) return "not now";
    const { clientsHaveIds } = this.#owner.options().protocol;
    if (item.kind === "reply") {
      return running.size === 0 || (clientsHaveIds && item.closeReason === undefined) ? "take" : "not now";
    }
    const { request } = item.clientRequest;
    const other = running.first;
    const mayRun = other === undefined || (clientsHaveIds && request.reads && other.request.reads);
    if (this.#isStopped || !mayRun) return "not now";
    const room = this.#owner.roomFor(request);
    if (room === "room" || room === "last") return room === "room" ? "take" : "yield";
    if (room === "other") this.#waitingClients.waitForUnit(client);
    if (request.key !== undefined && this.#owner.isCoalescing())
      this.#waitingClients.waitForAnswer(client, request.key);
    return room === "other" ? "not now" : "no room";
  }

  #deliver(client: MuxClient, { bytes, closeReason }: LocalReply): void {
    if (bytes.length > 0) client.deliver(bytes);
    if (closeReason === undefined) {
      this.#closeIfDone(client);
    } else {
      this.discardWaiting(client);
      client.close(closeReason);
    }
  }

  #closeIfDone(client: MuxClient): void {
    const hasEnded = this.#clients.get(client)?.inputEnded;
    if (hasEnded && this.isAnswered(client) && client.unsent === 0) client.close(undefined);
  }

  #settle(clientRequest: ClientRequest, outcome: Outcome): void {
    this.#timeLimit.remove(clientRequest);
    this.#owner.settled(clientRequest, outcome);
  }

  #stopRunning(clientRequest: ClientRequest): void {
    const { client, pending, running } = clientRequest;
    pending?.waiters.delete(clientRequest);
    clientRequest.pending = undefined;
    if (running !== undefined) this.#clients.get(client)?.running.remove(running);
    this.#queue.reconsider(client);
  }

  /** A request has waited for TIME: for its turn, or for its answer. */
  #expire(clientRequest: ClientRequest, why: Failure): void {
    const { client, request, place, pending } = clientRequest;
    const isUnderWay = pending?.answerBegun || (pending !== undefined && request.body !== undefined); // the link limits it
    if (isUnderWay || (place === undefined && pending === undefined)) return;
    const excusedMs = why === "no answer" ? this.#owner.excusedMs(clientRequest) : 0;
    if (excusedMs > 0) {
      this.#owner.clock.after(excusedMs, () => {
        this.#expire(clientRequest, why);
        this.dispatch();
      });
      return;
    }
    if (place === undefined) {
      this.failed(clientRequest, why); // the connection has a timeout of its own: the device may still answer
      return;
    }
    this.#settle(clientRequest, outcomeOf(why));
    clientRequest.place = undefined;
    this.#waitingReads.remove(clientRequest);
    place.value = failureReply(this.#owner.options().protocol, request, why);
    this.#queue.reconsider(client);
  }
}
