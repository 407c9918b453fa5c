import { Deque } from "../core/collections/deque.js";
import { type ClientRecord, ClientRecords, failuresOf, openOf } from "../core/mux/client-records.js";
import { DeviceLoad } from "../core/mux/device-load.js";
import type { MuxCounters, RequestsStatus } from "../core/mux/mux-status.js";
import type { Outcome } from "../core/mux/request-outcome.js";
import { type ClientOrigin, clientName } from "../core/net/client-origin.js";
import type { Clock } from "../system/clock.js";
import type { MuxClient } from "./mux-client.js";
import type { ClientRequest, PendingRequest } from "./pending-request.js";

const MAX_SHOWN = 200; // clients in STAT; each takes 300 bytes, and the page asks every other second

/** Who asks a device for what, how that ends, and how busy the device is. Everything is counted for the mux and for the client that asked. */
export class RequestStatistics {
  readonly #counters: MuxCounters;
  readonly #clock: Clock;
  readonly #records = new ClientRecords();
  readonly #load: DeviceLoad;
  readonly #underWay = new Deque<PendingRequest>();
  /** When a client has last asked something. */
  #askedAt: number | undefined;
  /** Requests to the device without an answer since its last one, and when the first of them went out. */
  #unanswered = 0;
  #silentSince: number | undefined;
  /** Most links of the mux (POOL). */
  readonly #links: () => number;

  /** @param counters of the mux; their outcomes are counted here */
  constructor(counters: MuxCounters, clock: Clock, links: () => number) {
    this.#counters = counters;
    this.#clock = clock;
    this.#links = links;
    this.#load = new DeviceLoad(clock.now());
  }

  /** A client has connected. @param id of its connection */
  connected(origin: ClientOrigin, id: string): ClientRecord {
    return this.#records.connected(clientName(origin), id, this.#clock.now());
  }

  /** The connection of a client has ended. */
  disconnected({ record }: MuxClient): void {
    this.#records.disconnected(record, this.#clock.now());
  }

  /** A client has sent a request: {@link settled} or {@link ended} follows, once. */
  asked({ record }: MuxClient): void {
    this.#counters.requests += 1;
    record.requests += 1;
    this.#askedAt = this.#clock.now();
    record.recent.add(1, this.#askedAt);
  }

  /** A request goes to the device. */
  sent(pending: PendingRequest): void {
    pending.sentAt = pending.asker.startedAt ?? this.#clock.now();
    pending.underWay = this.#underWay.push(pending);
    this.#load.sent(this.#links(), pending.sentAt);
  }

  /** A request that went to the device is over. @param isAnswered whether the device has sent the whole answer */
  over(pending: PendingRequest, isAnswered: boolean): void {
    const { isAwaited, sentAt, underWay } = pending;
    if (underWay !== undefined) this.#underWay.remove(underWay);
    const now = this.#clock.now();
    this.#heard(isAnswered, sentAt);
    const isMeasured = isAnswered && sentAt !== undefined && isAwaited;
    this.#load.over(this.#links(), isMeasured ? now - sentAt : undefined, now);
  }

  #heard(isAnswered: boolean, sentAt: number | undefined): void {
    this.#unanswered = isAnswered ? 0 : this.#unanswered + 1;
    this.#silentSince = isAnswered ? undefined : (this.#silentSince ?? sentAt);
  }

  /** A request of a client is over. The first call for a request counts. */
  settled(clientRequest: ClientRequest, outcome: Outcome): void {
    if (clientRequest.outcome !== undefined) return;
    clientRequest.outcome = outcome;
    const { client, since, startedAt, pending } = clientRequest;
    const now = this.#clock.now();
    client.record.waitedMs += (startedAt ?? now) - since;
    if (pending?.sentAt !== undefined && pending.asker === clientRequest)
      client.record.deviceMs += now - pending.sentAt;
    this.ended(client, outcome);
  }

  /** A request has ended before it could wait for anything. */
  ended({ record }: MuxClient, outcome: Outcome): void {
    this.#counters[outcome] += 1;
    record.outcomes[outcome] += 1;
  }

  /** What STAT shows of the requests. */
  get status(): RequestsStatus {
    const now = this.#clock.now();
    const counters = this.#counters;
    const joining = this.#joining();
    let allJoining = 0;
    for (const reads of joining.values()) allJoining += reads;
    return {
      ...this.#load.status(this.#links(), now),
      ...counters,
      ...(this.#askedAt !== undefined && { askedMs: Math.round(now - this.#askedAt) }),
      unanswered: this.#unanswered,
      ...(this.#silentSince !== undefined && { silentMs: Math.round(now - this.#silentSince) }),
      joined: counters.joined + allJoining,
      joining: allJoining,
      failed: failuresOf(counters),
      open: openOf(counters.requests, counters) - allJoining,
      clients: this.#records.all.slice(0, MAX_SHOWN).map((record) => record.status(joining.get(record) ?? 0, now)),
    };
  }

  /** Reads that wait for the answer to another read, by client. */
  #joining(): Map<ClientRecord, number> {
    const counts = new Map<ClientRecord, number>();
    for (const { asker, waiters } of this.#underWay) {
      for (const waiter of waiters) {
        if (waiter !== asker) counts.set(waiter.client.record, (counts.get(waiter.client.record) ?? 0) + 1);
      }
    }
    return counts;
  }
}
