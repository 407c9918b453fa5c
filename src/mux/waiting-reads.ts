import type { Deque } from "../core/collections/deque.js";
import type { FairQueue } from "../core/mux/fair-queue.js";
import type { Request } from "../core/mux/protocol.js";
import type { MuxClient } from "./mux-client.js";
import type { ClientRequest, PendingRequest, QueueItem } from "./pending-request.js";

const MAX_AHEAD = 64; // items of one client that are looked at: a long queue must not cost time for each read

const MIN_LOST = 128; // keys until the map begins anew: the copy costs next to nothing for each of them

/** What a join depends on besides the queue. */
interface Joining {
  /** Whether the answers to reads of one client may come in any order. */
  readonly inAnyOrder: boolean;
  /** The requests of a client that have started and have no answer yet; undefined: the client takes no answers at the moment. */
  running(client: MuxClient): Deque<ClientRequest> | undefined;
  /** Whether the answer answers this read, too. */
  takes(request: Request): boolean;
}

/**
 * The reads that wait for their turn. When one of them goes to the device, identical ones may share its answer, and with MERG those of ranges
 * near by: that answer is younger than all their questions (docs/mux.md).
 */
export class WaitingReads {
  readonly #queue: FairQueue<MuxClient, QueueItem>;
  readonly #keyOf: (request: Request) => string | undefined;
  /** By key: the only read that has it, as is usual, or several. */
  #reads = new Map<string, ClientRequest | Set<ClientRequest>>();
  /** How many keys {@link WaitingReads.#reads} has lost. */
  #lost = 0;

  /** @param keyOf the key of a read: those that one answer may serve have the same; undefined: no other read has one */
  constructor(queue: FairQueue<MuxClient, QueueItem>, keyOf: (request: Request) => string | undefined) {
    this.#queue = queue;
    this.#keyOf = keyOf;
  }

  /** The request waits from now on. Only reads that clients can share count. */
  add(clientRequest: ClientRequest): void {
    if (clientRequest.place === undefined) return;
    const key = this.#keyOf(clientRequest.request);
    if (key !== undefined) this.#add(clientRequest, key);
  }

  /** The request waits no more. */
  remove(clientRequest: ClientRequest): void {
    const { waitingKey } = clientRequest;
    if (waitingKey === undefined) return;
    clientRequest.waitingKey = undefined;
    const others = this.#reads.get(waitingKey);
    if (others instanceof Set && others.size > 1) others.delete(clientRequest);
    else this.#forget(waitingKey);
  }

  #add(clientRequest: ClientRequest, key: string): void {
    clientRequest.waitingKey = key;
    const others = this.#reads.get(key);
    if (others === undefined) this.#reads.set(key, clientRequest);
    else if (others instanceof Set) others.add(clientRequest);
    else this.#reads.set(key, new Set([others, clientRequest]));
  }

  /** Whether a waiting read could share the answer to this one. */
  mayHave({ request }: PendingRequest): boolean {
    const key = this.#keyOf(request);
    return key !== undefined && this.#reads.has(key);
  }

  /** Takes the reads that may share the answer to this one out of their queues. It goes to the device now. */
  *take(pending: PendingRequest, joining: Joining): Generator<ClientRequest> {
    const key = this.#keyOf(pending.request);
    if (key === undefined) return;
    const reads = this.#reads.get(key);
    if (reads !== undefined) this.#forget(key);
    for (const clientRequest of reads instanceof Set ? reads : [reads]) {
      if (clientRequest === undefined) return;
      clientRequest.waitingKey = undefined;
      const { place, client } = clientRequest;
      if (place === undefined) continue;
      if (!this.#mayJoin(clientRequest, pending, joining) || !joining.takes(clientRequest.request)) {
        this.#add(clientRequest, key);
        continue;
      }
      this.#queue.removeAt(client, place);
      clientRequest.place = undefined;
      yield clientRequest;
    }
  }

  /**
   * A Map whose keys come and go leaves its table for a new one every few steps. V8 makes it in the old generation once the Map is there
   * (OrderedHashTable::Rehash), where the former ones keep the requests in them until the next full collection. A new Map begins anew.
   */
  #forget(key: string): void {
    this.#reads.delete(key);
    this.#lost += 1;
    if (this.#lost < Math.max(MIN_LOST, this.#reads.size)) return;
    this.#reads = new Map(this.#reads);
    this.#lost = 0;
  }

  #mayJoin(clientRequest: ClientRequest, pending: PendingRequest, { inAnyOrder, running }: Joining): boolean {
    const ahead = this.#readsAhead(clientRequest);
    const others = running(clientRequest.client);
    if (ahead === undefined || others === undefined) return false;
    const other = others.first;
    if (other === undefined || other.pending === pending) return inAnyOrder || ahead === 0;
    return inAnyOrder && other.request.reads;
  }

  /** Number of items in front of a read; undefined where one of them is no read: what the client asked for behind a write must follow it. */
  #readsAhead({ client, place }: ClientRequest): number | undefined {
    let ahead = 0;
    if (place === undefined) return undefined;
    for (const item of this.#queue.ahead(client, place)) {
      ahead += 1;
      if (ahead > MAX_AHEAD || item.kind === "reply" || !item.clientRequest.request.reads) return undefined;
    }
    return ahead;
  }
}
