import type { Timer } from "../clock.js";
import { formatHostPort } from "../core/address.js";
import type { Cut, HttpHead } from "../core/framing/framing.js";
import { AnswerCache } from "../core/mux/answer-cache.js";
import { FairQueue } from "../core/mux/fair-queue.js";
import type { MuxOrder } from "../core/mux/line.js";
import type { Failure, Protocol, Request } from "../core/mux/protocol.js";
import { type MuxStatus, muxCounters } from "../core/mux/status.js";
import type { End } from "../ends/end.js";
import { Attendance } from "./attendance.js";
import { Dialogue, type DialogueOwner } from "./dialogue.js";
import { type Asker, Exchange } from "./exchange.js";
import type { MuxHost } from "./host.js";
import type { Link, LinkEvents } from "./link.js";
import type { Mux } from "./mux.js";
import { MuxClient } from "./mux-client.js";
import { MuxLog } from "./mux-log.js";
import { Pool } from "./pool.js";

/** What waits for its turn. */
type Item =
  /** `since`: when it came. */
  | { readonly kind: "ask"; readonly exchange: Exchange; readonly since: number }
  /** Something to say in its turn without asking the device. `last`: and then to close, for this reason. */
  | { readonly kind: "say"; readonly bytes: Buffer; readonly last?: string };

/** What is known of one client. */
interface ClientState {
  /** Its requests that are under way. */
  readonly running: Set<Exchange>;
  /** The link that is not read because this client does not take what comes from it. */
  stalls: Link | undefined;
  /** It sends no more. */
  ended: boolean;
}

const NOTHING = Buffer.alloc(0);
const MAX_SAYINGS = 1024; // refusals that wait behind answers; a client that earns more of them is not read for a while

/** Requests of many clients to one device: each goes out whole, in fair turns, and its answer returns to the one who asked. */
export class RequestMux implements Mux {
  #order: MuxOrder;
  #host: MuxHost;
  readonly #port: number;
  readonly #log: MuxLog;
  readonly #counters = muxCounters();
  readonly #pool: Pool;
  readonly #dialogues = new Map<Link, Dialogue>();
  readonly #clients = new Map<MuxClient, ClientState>();
  readonly #attendance: Attendance;
  readonly #queue = new FairQueue<MuxClient, Item>();
  /** Reads under way that others who ask the same may join. */
  readonly #joinable = new Map<string, Exchange>();
  #cache: AnswerCache;
  #dispatching = false;
  #waitLimit: Timer | undefined;
  /** Something waits for nothing but a link. */
  #wanting = false;
  /** Called when nothing is outstanding; no more requests go out then. */
  #drained: (() => void) | undefined;

  constructor(port: number, order: MuxOrder, host: MuxHost) {
    this.#port = port;
    this.#order = order;
    this.#host = host;
    this.#log = new MuxLog(port, order.target, host);
    this.#cache = new AnswerCache(order.mux.cacheMs);
    this.#attendance = new Attendance(() => this.#pool.closeAll(`no client for ${this.#order.mux.idleMs / 1000} s`));
    this.#pool = new Pool({
      order: () => this.#order,
      host: () => this.#host,
      needsLink: () => this.#clients.size > 0,
      opened: (link) => this.#opened(link),
      noPath: () => this.#dispatch(),
      log: this.#log,
    });
  }

  get idle(): boolean {
    return this.#clients.size === 0;
  }

  get status(): MuxStatus {
    const { mux, target } = this.#order;
    const now = this.#host.clock.now();
    return {
      port: this.#port,
      protocol: mux.protocol.framing.name,
      mode: mux.mode,
      target: formatHostPort(target),
      clients: this.#clients.size,
      waiting: this.#queue.size,
      outstanding: this.#outstanding,
      pool: mux.pool,
      links: [...this.#pool.links].map((link) => {
        const dialogue = this.#dialogues.get(link);
        return {
          state: !link.ready ? "connecting" : dialogue?.outstanding ? "busy" : "ready",
          address: link.address,
          ageMs: Math.round(now - link.openedAt),
          requests: dialogue?.requests ?? 0,
        };
      }),
      down: this.#pool.down,
      ...this.#counters,
    };
  }

  attach(): End {
    const { target, mux } = this.#order;
    const client = new MuxClient(target, mux.protocol, this.#host.clock, {
      message: (bytes, head) => this.#message(client, bytes, head),
      begun: (head) => this.#begun(client, head),
      malformed: (reason) => this.#malformed(client, reason),
      resumed: () => this.#resumed(client),
      ended: () => {
        state.ended = true;
        this.#finishIfDone(client);
      },
      left: () => this.#left(client),
      holds: () => this.#holds(client),
      fault: (error) => this.#log.fault(error),
    });
    const state: ClientState = { running: new Set(), stalls: undefined, ended: false };
    this.#clients.set(client, state);
    this.#attendance.come();
    return client;
  }

  configure(order: MuxOrder, host: MuxHost): void {
    if (order.mux.cacheMs !== this.#order.mux.cacheMs) this.#cache = new AnswerCache(order.mux.cacheMs);
    this.#order = order;
    this.#host = host;
  }

  async drain(): Promise<void> {
    if (this.#outstanding === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  close(reason: string): void {
    this.#attendance.come();
    const dialogues = [...this.#dialogues.values()];
    this.#dialogues.clear();
    this.#pool.closeAll(reason);
    for (const dialogue of dialogues) dialogue.stop();
  }

  get #protocol(): Protocol {
    return this.#order.mux.protocol;
  }

  get #outstanding(): number {
    let sum = 0;
    for (const { outstanding } of this.#dialogues.values()) sum += outstanding;
    return sum;
  }

  // what clients say

  #message(client: MuxClient, bytes: Buffer, head: HttpHead | undefined): void {
    const understood = this.#protocol.understand(bytes, head, this.#order.mux.writes);
    this.#counters.requests += 1;
    if (understood.kind === "error") {
      this.#refuse(client, understood.reason, understood.bytes);
    } else if (understood.kind === "answer") {
      this.#counters.refused += 1;
      this.#queue.push(client, { kind: "say", bytes: understood.bytes });
    } else if (this.#queue.sizeOf(client) < this.#order.mux.queue) {
      const since = this.#host.clock.now();
      this.#queue.push(client, { kind: "ask", exchange: new Exchange(client, understood.request), since });
      this.#limit(since);
    } else {
      this.#tellFull(client, understood.request);
    }
    this.#dispatch();
  }

  /** Tells a client that its queue is full. */
  #tellFull(client: MuxClient, request: Request): void {
    const bytes = this.#protocol.failure(request, "queue full") ?? NOTHING;
    this.#counters.queueFull += 1;
    if (this.#protocol.ids) client.deliver(bytes);
    else this.#queue.push(client, { kind: "say", bytes });
  }

  /** A client whose queue is full is told so, or, where its protocol has no words for that, not read any more. */
  #holds(client: MuxClient): boolean {
    const { queue } = this.#order.mux;
    return this.#queue.sizeOf(client) >= (this.#protocol.tellsFailures ? queue + MAX_SAYINGS : queue);
  }

  /** Sees to it that nothing waits for its turn longer than for an answer: many who wait do not add up their times. */
  #limit(since: number): void {
    const { clock } = this.#host;
    this.#waitLimit ??= clock.after(Math.max(1, since + this.#order.mux.answerMs - clock.now()), () => {
      this.#waitLimit = undefined;
      const latest = clock.now() - this.#order.mux.answerMs;
      const over = this.#queue.sweep((item) => item.kind === "ask" && item.since <= latest);
      for (const { owner, item } of over) {
        this.#counters.timeouts += 1;
        if (item.kind === "ask") this.#failed(item.exchange, "no answer");
        owner.check();
      }
      const oldest = this.#queue.oldest((item) => (item.kind === "ask" ? item.since : undefined));
      if (oldest !== undefined) this.#limit(oldest);
      this.#dispatch();
    });
  }

  #begun(client: MuxClient, head: HttpHead): void {
    const goAhead = this.#protocol.goAhead?.(head);
    const busy = this.#queue.sizeOf(client) > 0 || (this.#clients.get(client)?.running.size ?? 0) > 0;
    if (goAhead !== undefined && !busy) client.deliver(goAhead);
  }

  #malformed(client: MuxClient, reason: string): void {
    const { name } = this.#protocol.framing;
    this.#counters.malformed += 1;
    const text = `not a request of ${name}: ${reason}`;
    this.#log.seldom("malformed", `client closed: ${text}`);
    this.#refuse(client, text, this.#protocol.malformed(reason));
    this.#dispatch();
  }

  /** Closes a client, in its turn. */
  #refuse(client: MuxClient, reason: string, bytes: Buffer = NOTHING): void {
    client.ignore();
    this.#queue.push(client, { kind: "say", bytes, last: reason });
  }

  #resumed(client: MuxClient): void {
    const state = this.#clients.get(client);
    state?.stalls?.resume();
    if (state !== undefined) state.stalls = undefined;
    if (this.#queue.sizeOf(client) > 0) this.#dispatch();
  }

  #left(client: MuxClient): void {
    const state = this.#clients.get(client);
    if (state === undefined) return;
    this.#clients.delete(client);
    this.#queue.remove(client);
    state.stalls?.resume();
    for (const exchange of state.running) exchange.forget(client);
    if (this.#clients.size === 0) this.#attendance.go(this.#order.mux.idleMs, this.#host.clock);
  }

  #finishIfDone(client: MuxClient): void {
    const state = this.#clients.get(client);
    const waits = this.#queue.sizeOf(client) > 0 || client.unsent > 0;
    if (state?.ended && state.running.size === 0 && !waits) client.close(undefined);
  }

  // whose turn it is

  /** Runs what can run now, in fair turns. */
  #dispatch(): void {
    if (this.#dispatching) return;
    this.#dispatching = true;
    this.#wanting = false;
    try {
      for (;;) {
        const next = this.#queue.take((client, item) => this.#mayRun(client, item));
        if (next === undefined) break;
        this.#run(next.owner, next.item);
        next.owner.check();
      }
    } finally {
      this.#dispatching = false;
    }
    if (this.#wanting) this.#pool.want();
    if (this.#drained !== undefined && this.#outstanding === 0) this.#drained();
  }

  /** A client's requests keep their order; only reads whose answers can be told apart run beside each other. */
  #mayRun(client: MuxClient, item: Item): boolean {
    const running = this.#clients.get(client)?.running;
    if (running === undefined || client.stalled) return false;
    if (item.kind === "say") return running.size === 0;
    const { request } = item.exchange;
    if (
      running.size > 0 &&
      !(this.#protocol.ids && request.reads && [...running].every((other) => other.request.reads))
    ) {
      return false;
    }
    if (this.#drained !== undefined) return false;
    if (this.#shared(request) || this.#pool.down || this.#free() !== undefined) return true;
    this.#wanting = true;
    return false;
  }

  /** Whether a request can be answered without asking the device once more. */
  #shared({ key }: Request): boolean {
    if (key === undefined || this.#order.mux.cacheMs === 0) return false;
    return this.#joinable.has(key) || this.#cache.find(key, this.#host.clock.now()) !== undefined;
  }

  #free(): Dialogue | undefined {
    for (const dialogue of this.#dialogues.values()) if (dialogue.free) return dialogue;
    return undefined;
  }

  #run(client: MuxClient, item: Item): void {
    if (item.kind === "say") {
      if (item.bytes.length > 0) client.deliver(item.bytes);
      if (item.last !== undefined) client.close(item.last);
      this.#finishIfDone(client);
      return;
    }
    const { exchange } = item;
    if (this.#answerFromCache(client, exchange.request) || this.#join(client, exchange)) return;
    const dialogue = this.#free();
    if (dialogue === undefined) this.#failed(exchange, "no path");
    else this.#send(exchange, dialogue);
  }

  #answerFromCache(client: MuxClient, request: Request): boolean {
    const bytes = request.key && this.#cache.find(request.key, this.#host.clock.now());
    if (!bytes) return false;
    this.#counters.cacheHits += 1;
    client.deliver(this.#protocol.restore({ kind: "frame", bytes }, request));
    this.#finishIfDone(client);
    return true;
  }

  #join(client: MuxClient, { request }: Exchange): boolean {
    const exchange = request.key === undefined ? undefined : this.#joinable.get(request.key);
    if (exchange === undefined || this.#order.mux.cacheMs === 0) return false;
    this.#counters.joined += 1;
    exchange.askers.push({ client, request });
    this.#clients.get(client)?.running.add(exchange);
    return true;
  }

  #send(exchange: Exchange, dialogue: Dialogue): void {
    const { request, askers } = exchange;
    for (const { client } of askers) this.#clients.get(client)?.running.add(exchange);
    if (!request.reads) this.#written();
    exchange.writes = this.#cache.writes;
    if (request.key !== undefined) this.#joinable.set(request.key, exchange);
    dialogue.send(exchange);
  }

  /** Something is being written, or has been: what was read before is not to be told any more. */
  #written(): void {
    this.#cache.written();
    this.#joinable.clear();
  }

  // what becomes of a request

  #answer(exchange: Exchange, cut: Cut, link: Link): void {
    const { key } = exchange.request;
    if (key !== undefined) this.#cache.keep(key, cut.bytes, exchange.writes, this.#host.clock.now());
    for (const { client, request } of exchange.askers) {
      client.deliver(this.#protocol.restore(cut, request));
      const state = this.#clients.get(client);
      if (cut.kind !== "part" || !client.stalled || state === undefined) continue;
      state.stalls = link;
      link.pause();
    }
  }

  #done(exchange: Exchange, byEnd: boolean): void {
    for (const { client, request } of this.#settle(exchange)) {
      this.#counters.answers += 1;
      if (request.last || byEnd) client.close(undefined);
      else this.#finishIfDone(client);
    }
  }

  #failed(exchange: Exchange, why: Failure): void {
    if (why === "link lost" && exchange.mayBeRepeated) {
      this.#repeat(exchange);
      return;
    }
    if (why === "no path") this.#counters.noPath += 1;
    if (why === "link lost") this.#counters.linkLost += 1;
    for (const { client, request } of this.#settle(exchange)) {
      const bytes = exchange.begun ? undefined : this.#protocol.failure(request, why);
      if (bytes === undefined) {
        client.close(`${why} for its request`);
        continue;
      }
      client.deliver(bytes);
      if (request.last) client.close(undefined);
      else this.#finishIfDone(client);
    }
  }

  /** Asks once more on another link: the one it was on may have been dead for long. */
  #repeat(exchange: Exchange): void {
    const askers = this.#settle(exchange);
    exchange.repeated = true;
    this.#counters.repeated += 1;
    for (const { client, request } of askers) {
      const again = new Exchange(client, request);
      again.repeated = true;
      this.#queue.putBack(client, { kind: "ask", exchange: again, since: this.#host.clock.now() });
    }
  }

  /** It is under way no more; returns those who waited for it. */
  #settle(exchange: Exchange): readonly Asker[] {
    const { key, reads } = exchange.request;
    if (key !== undefined && this.#joinable.get(key) === exchange) this.#joinable.delete(key);
    if (!reads) this.#written();
    for (const { client } of exchange.askers) this.#clients.get(client)?.running.delete(exchange);
    return exchange.askers;
  }

  // what happens on a link

  #opened(link: Link): LinkEvents {
    const dialogue = (): Dialogue | undefined => this.#dialogues.get(link);
    return {
      ready: () => {
        this.#dialogues.set(link, new Dialogue(link, this.#dialogueOwner(link)));
        this.#dispatch();
      },
      data: (chunk) => dialogue()?.data(chunk),
      eof: () => dialogue()?.eof(),
      drained: () => this.#dispatch(),
      lost: () => {
        this.#stop(link);
        if (this.#clients.size > 0) this.#pool.want();
      },
      fault: (error) => {
        this.#log.fault(error);
        this.#pool.close(link, "fault in the program");
        this.#stop(link);
      },
    };
  }

  #stop(link: Link): void {
    const dialogue = this.#dialogues.get(link);
    this.#dialogues.delete(link);
    dialogue?.stop();
    this.#dispatch();
  }

  #dialogueOwner(link: Link): DialogueOwner {
    const close = (reason: string): void => {
      this.#pool.close(link, reason);
      this.#stop(link);
    };
    return {
      clock: this.#host.clock,
      options: () => this.#order.mux,
      answer: (exchange, cut) => this.#answer(exchange, cut, link),
      done: (exchange, byEnd) => this.#done(exchange, byEnd),
      failed: (exchange, why) => this.#failed(exchange, why),
      event: (message) => {
        this.#counters.events += 1;
        for (const client of this.#clients.keys()) client.deliver(message);
      },
      stray: (text) => {
        this.#counters.strays += 1;
        this.#log.seldom("stray", `dropped: ${text}`);
      },
      timedOut: () => {
        this.#counters.timeouts += 1;
      },
      free: () => this.#dispatch(),
      close,
      renew: (reason) => {
        close(reason);
        if (this.#clients.size > 0) this.#pool.want();
      },
    };
  }
}
