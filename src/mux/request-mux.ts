import type { Timer } from "../clock.js";
import type { Cut, HttpHead } from "../core/framing/framing.js";
import { FairQueue } from "../core/mux/fair-queue.js";
import type { MuxOrder } from "../core/mux/line.js";
import type { Failure, Protocol, Request } from "../core/mux/protocol.js";
import type { LinkStatus } from "../core/mux/status.js";
import { BaseMux } from "./base-mux.js";
import { Dialogue, type DialogueOwner } from "./dialogue.js";
import { type Asker, Exchange } from "./exchange.js";
import type { MuxHost } from "./host.js";
import type { Link, LinkEvents } from "./link.js";
import type { MuxClient, MuxClientOwner } from "./mux-client.js";
import { Sharing } from "./sharing.js";

/** What waits for its turn. */
type Item =
  /** `since`: when it came. */
  | { readonly kind: "ask"; readonly exchange: Exchange; readonly since: number }
  /** Something to say without asking the device. `last`: and then to close, for this reason. */
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
export class RequestMux extends BaseMux {
  readonly #states = new Map<MuxClient, ClientState>();
  readonly #dialogues = new Map<Link, Dialogue>();
  readonly #queue = new FairQueue<MuxClient, Item>();
  #sharing: Sharing;
  #dispatching = false;
  #waitLimit: Timer | undefined;
  /** Something waits for nothing but a link. */
  #wanting = false;
  /** Called when nothing is outstanding; no more requests go out then. */
  #drained: (() => void) | undefined;

  constructor(port: number, order: MuxOrder, host: MuxHost) {
    super(port, order, host);
    this.#sharing = new Sharing(order.mux.cacheMs);
  }

  override configure(order: MuxOrder, host: MuxHost): void {
    super.configure(order, host);
    if (order.mux.cacheMs !== this.#sharing.ms) this.#sharing = new Sharing(order.mux.cacheMs);
  }

  async drain(): Promise<void> {
    if (this.outstanding === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  override close(reason: string): void {
    const dialogues = [...this.#dialogues.values()];
    this.#dialogues.clear();
    super.close(reason);
    for (const dialogue of dialogues) dialogue.stop();
  }

  protected get waiting(): number {
    return this.#queue.size;
  }

  protected get outstanding(): number {
    let sum = 0;
    for (const { outstanding } of this.#dialogues.values()) sum += outstanding;
    return sum;
  }

  protected statusOf(link: Link): LinkStatus {
    const { requests = 0, outstanding = 0 } = this.#dialogues.get(link) ?? {};
    return link.status(requests, outstanding > 0);
  }

  get #protocol(): Protocol {
    return this.order.mux.protocol;
  }

  // what clients say

  protected hears(client: () => MuxClient): Omit<MuxClientOwner, "malformed" | "left" | "fault"> {
    return {
      message: (bytes, head) => this.#message(client(), bytes, head),
      begun: (head) => this.#begun(client(), head),
      resumed: () => this.#resumed(client()),
      ended: () => this.#ended(client()),
      holds: () => this.#holds(client()),
    };
  }

  protected joined(client: MuxClient): void {
    this.#states.set(client, { running: new Set(), stalls: undefined, ended: false });
  }

  #message(client: MuxClient, bytes: Buffer, head: HttpHead | undefined): void {
    const understood = this.#protocol.understand(bytes, head, this.order.mux.writes);
    this.counters.requests += 1;
    if (understood.kind === "error") {
      this.refuse(client, understood.reason, understood.bytes);
      return;
    }
    if (understood.kind === "answer") {
      this.counters.refused += 1;
      this.#queue.push(client, { kind: "say", bytes: understood.bytes });
    } else if (this.#queue.sizeOf(client) < this.order.mux.queue) {
      this.#ask(client, understood.request);
    } else {
      this.counters.queueFull += 1;
      this.#queue.push(client, this.#apology(understood.request, "queue full"));
    }
    this.#dispatch();
  }

  #ask(client: MuxClient, request: Request): void {
    const since = this.host.clock.now();
    this.#queue.push(client, { kind: "ask", exchange: new Exchange(client, request), since });
    if (this.#waitLimit === undefined) this.#limitWaiting(since);
  }

  #begun(client: MuxClient, head: HttpHead): void {
    const goAhead = this.#protocol.goAhead?.(head);
    const busy = this.#queue.sizeOf(client) > 0 || (this.#states.get(client)?.running.size ?? 0) > 0;
    if (goAhead !== undefined && !busy) client.deliver(goAhead);
  }

  /** Closes a client, in its turn. */
  protected refuse(client: MuxClient, reason: string, bytes: Buffer = NOTHING): void {
    client.ignore();
    this.#queue.push(client, { kind: "say", bytes, last: reason });
    this.#dispatch();
  }

  #resumed(client: MuxClient): void {
    const state = this.#states.get(client);
    state?.stalls?.resume();
    if (state !== undefined) state.stalls = undefined;
    if (this.#queue.sizeOf(client) > 0) this.#dispatch();
  }

  #ended(client: MuxClient): void {
    const state = this.#states.get(client);
    if (state !== undefined) state.ended = true;
    this.#finishIfDone(client);
  }

  /** A client whose queue is full is told so, or, where its protocol has no words for that, not read any more. */
  #holds(client: MuxClient): boolean {
    const { queue } = this.order.mux;
    return this.#queue.sizeOf(client) >= (this.#protocol.tellsFailures ? queue + MAX_SAYINGS : queue);
  }

  protected forget(client: MuxClient): void {
    const state = this.#states.get(client);
    this.#states.delete(client);
    this.#queue.remove(client);
    state?.stalls?.resume();
    for (const exchange of state?.running ?? []) exchange.forget(client);
  }

  #finishIfDone(client: MuxClient): void {
    const state = this.#states.get(client);
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
    if (this.#wanting) this.pool.want();
    if (this.outstanding === 0) this.#drained?.();
  }

  /** A client's requests keep their order; only reads whose answers can be told apart run beside each other. */
  #mayRun(client: MuxClient, item: Item): boolean {
    const running = this.#states.get(client)?.running;
    if (running === undefined || client.stalled) return false;
    if (item.kind === "say") return running.size === 0 || (this.#protocol.ids && item.last === undefined);
    const { request } = item.exchange;
    if (running.size > 0) {
      const beside = this.#protocol.ids && request.reads && [...running].every((other) => other.request.reads);
      if (!beside) return false;
    }
    if (this.#drained !== undefined) return false;
    if (this.pool.down || this.#sharing.covers(request, this.host.clock.now())) return true;
    if (this.#free() !== undefined) return true;
    this.#wanting = true;
    return false;
  }

  #free(): Dialogue | undefined {
    for (const dialogue of this.#dialogues.values()) if (dialogue.free) return dialogue;
    return undefined;
  }

  #run(client: MuxClient, item: Item): void {
    if (item.kind === "say") {
      if (item.bytes.length > 0) client.deliver(item.bytes);
      if (item.last === undefined) this.#finishIfDone(client);
      else client.close(item.last);
      return;
    }
    const { exchange } = item;
    const { request } = exchange;
    const fresh = this.#sharing.fresh(request, this.host.clock.now());
    const same = this.#sharing.joinable(request);
    const dialogue = this.#free();
    if (fresh !== undefined) {
      this.counters.cacheHits += 1;
      client.deliver(this.#protocol.restore({ kind: "frame", bytes: fresh }, request));
      this.#finishIfDone(client);
    } else if (same !== undefined) {
      this.counters.joined += 1;
      same.askers.push({ client, request });
      this.#states.get(client)?.running.add(same);
    } else if (dialogue === undefined) {
      this.#failed(exchange, "no path");
    } else {
      this.#states.get(client)?.running.add(exchange);
      this.#sharing.sent(exchange);
      dialogue.send(exchange);
    }
  }

  /** Sees to it that nothing waits for its turn longer than for an answer: the times of many who wait do not add up. */
  #limitWaiting(since: number): void {
    const { clock } = this.host;
    this.#waitLimit = clock.after(Math.max(1, since + this.order.mux.answerMs - clock.now()), () => {
      this.#waitLimit = undefined;
      const latest = clock.now() - this.order.mux.answerMs;
      let oldest: number | undefined;
      this.#queue.change((item) => {
        if (item.kind === "say") return item;
        if (item.since > latest) {
          oldest = Math.min(oldest ?? item.since, item.since);
          return item;
        }
        this.counters.timeouts += 1;
        return this.#apology(item.exchange.request, "no answer");
      });
      if (oldest !== undefined) this.#limitWaiting(oldest);
      this.#dispatch();
    });
  }

  /** What a client is told instead of an answer, in its turn. */
  #apology(request: Request, why: Failure): Item {
    const bytes = this.#protocol.failure(request, why);
    return bytes === undefined || request.last
      ? { kind: "say", bytes: bytes ?? NOTHING, last: `${why} for its request` }
      : { kind: "say", bytes };
  }

  // what becomes of a request

  #answer(exchange: Exchange, cut: Cut, link: Link): void {
    this.#sharing.answered(exchange, cut.bytes, this.host.clock.now());
    for (const { client, request } of exchange.askers) {
      client.deliver(this.#protocol.restore(cut, request));
      const state = this.#states.get(client);
      if (cut.kind !== "part" || !client.stalled || state === undefined) continue;
      state.stalls = link;
      link.pause();
    }
  }

  #done(exchange: Exchange, byEnd: boolean): void {
    for (const { client, request } of this.#settle(exchange)) {
      this.counters.answers += 1;
      if (request.last || byEnd) client.close(undefined);
      else this.#finishIfDone(client);
    }
  }

  #failed(exchange: Exchange, why: Failure): void {
    const askers = this.#settle(exchange);
    if (why === "link lost" && exchange.mayBeRepeated) {
      // on another link: the one it was on may have been dead for long
      this.counters.repeated += askers.length;
      for (const { client, request } of askers) {
        const again = new Exchange(client, request, true);
        this.#queue.putBack(client, { kind: "ask", exchange: again, since: this.host.clock.now() });
      }
      return;
    }
    if (why === "no path") this.counters.noPath += 1;
    if (why === "link lost") this.counters.linkLost += 1;
    for (const { client, request } of askers) {
      if (exchange.begun) client.close(`${why} in the middle of an answer`);
      else this.#run(client, this.#apology(request, why));
    }
  }

  /** It is under way no more; returns those who waited for it. */
  #settle(exchange: Exchange): readonly Asker[] {
    this.#sharing.over(exchange);
    for (const { client } of exchange.askers) this.#states.get(client)?.running.delete(exchange);
    return exchange.askers;
  }

  // what happens on a link

  protected noPath(): void {
    this.#dispatch();
  }

  protected opened(link: Link): LinkEvents {
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
        if (this.clients.size > 0) this.pool.want();
      },
      fault: (error) => {
        this.log.fault(error);
        this.pool.close(link, "fault in the program");
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
      this.pool.close(link, reason);
      this.#stop(link);
    };
    return {
      clock: this.host.clock,
      options: () => this.order.mux,
      answer: (exchange, cut) => this.#answer(exchange, cut, link),
      done: (exchange, byEnd) => this.#done(exchange, byEnd),
      failed: (exchange, why) => this.#failed(exchange, why),
      event: (message) => {
        this.counters.events += 1;
        for (const client of this.clients) client.deliver(message);
      },
      stray: (text) => {
        this.counters.strays += 1;
        this.log.seldom("stray", `dropped: ${text}`);
      },
      timedOut: () => {
        this.counters.timeouts += 1;
      },
      free: () => this.#dispatch(),
      close,
      renew: (reason) => {
        close(reason);
        if (this.clients.size > 0) this.pool.want();
      },
    };
  }
}
