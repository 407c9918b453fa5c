import type { Cut, HttpHead } from "../core/framing/framing.js";
import type { MuxOrder } from "../core/mux/mux-line.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import type { Failure, Protocol } from "../core/mux/protocol.js";
import { BaseMux } from "./base-mux.js";
import type { Link, LinkEvents } from "./device-connection.js";
import { Turns } from "./fair-scheduler.js";
import type { MuxClient, MuxClientOwner } from "./mux-client.js";
import type { MuxHost } from "./mux-context.js";
import type { Asker, Exchange } from "./pending-request.js";
import { Sharing } from "./read-coalescer.js";
import { Dialogue, type DialogueOwner } from "./request-pipeline.js";
import { Tellings } from "./tellings.js";

/** Requests of many clients to one device: each goes out whole, in fair turns, and its answer returns to the one who asked. */
export class RequestMux extends BaseMux {
  readonly #dialogues = new Map<Link, Dialogue>();
  readonly #turns: Turns;
  /** Links that are not read because a client does not take what comes from them. */
  readonly #stalled = new Map<MuxClient, Dialogue>();
  readonly #tellings = new Tellings(this.rounds, this.clients);
  #sharing: Sharing;
  /** The daemon stops: nothing is begun any more. */
  #stopping = false;
  /** Called when nothing is outstanding. */
  #drained: (() => void) | undefined;

  constructor(port: number, order: MuxOrder, host: MuxHost) {
    super(port, order, host);
    this.#sharing = new Sharing(order.mux.cacheMs);
    this.#turns = new Turns({
      clock: host.clock,
      options: () => this.order.mux,
      hasRoom: () => this.pool.down || this.#free() !== undefined,
      shares: () => this.#sharing.ms > 0,
      covers: (request) => this.#sharing.covers(request, this.host.clock.now()),
      run: (asker, exchange) => this.#run(asker, exchange),
      wantLink: () => this.pool.want(),
      timedOut: () => {
        this.counters.timeouts += 1;
      },
      queueFull: () => {
        this.counters.queueFull += 1;
      },
    });
  }

  override configure(order: MuxOrder, host: MuxHost): void {
    super.configure(order, host);
    if (order.mux.cacheMs !== this.#sharing.ms) this.#sharing = new Sharing(order.mux.cacheMs);
  }

  async drain(): Promise<void> {
    this.#stopping = true;
    this.#turns.stop();
    if (this.#isDrained) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  protected override closeLinks(reason: string): void {
    const dialogues = [...this.#dialogues.values()];
    this.#dialogues.clear();
    super.closeLinks(reason);
    for (const dialogue of dialogues) dialogue.stop();
    this.#next();
  }

  /** Whether nobody is owed an answer by the device. */
  get #isDrained(): boolean {
    return this.outstanding === 0 && this.rounds.idle;
  }

  protected override caughtUp(): void {
    this.#next();
  }

  protected get waiting(): number {
    return this.#turns.waiting;
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
      begun: (head) => {
        const goAhead = this.#protocol.goAhead?.(head);
        if (goAhead !== undefined) this.#turns.say(client(), goAhead);
      },
      resumed: () => this.#resumed(client()),
      ended: () => {
        this.#turns.end(client());
        return true;
      },
      holds: () => this.#turns.holds(client()),
    };
  }

  #message(client: MuxClient, bytes: Buffer, head: HttpHead | undefined): void {
    const understood = this.#protocol.understand(bytes, head, this.order.mux.writes);
    this.counters.requests += 1;
    if (understood.kind === "request") {
      if (understood.request.last) client.ignore(); // what comes behind it is not to be carried out
      this.#turns.ask(client, understood.request);
    } else if (understood.kind === "answer") {
      this.counters.refused += 1;
      this.#turns.say(client, understood.bytes);
    } else {
      this.refuse(client, understood.reason, understood.bytes);
    }
  }

  protected joined(client: MuxClient): void {
    this.#turns.join(client);
  }

  protected refuse(client: MuxClient, reason: string, bytes: Buffer | undefined): void {
    client.ignore();
    this.#turns.say(client, bytes, reason);
  }

  protected forget(client: MuxClient): void {
    this.#turns.leave(client);
    this.#release(client);
  }

  #resumed(client: MuxClient): void {
    this.#release(client);
    this.#turns.call(client);
    this.#turns.dispatch();
  }

  /** Reads again from the link that waited for this client. */
  #release(client: MuxClient): void {
    this.#stalled.get(client)?.resume();
    this.#stalled.delete(client);
  }

  // what becomes of a request

  #run(asker: Asker, exchange: Exchange): void {
    const { client, request } = asker;
    const fresh = this.#sharing.fresh(request, this.host.clock.now());
    const same = this.#sharing.joinable(request);
    const dialogue = this.#free();
    if (fresh !== undefined) {
      this.counters.cacheHits += 1;
      this.#turns.started(asker, exchange);
      this.#tellings.each(exchange.askers, () => {
        client.deliver(this.#protocol.restore({ kind: "frame", bytes: fresh }, request));
        this.#turns.over(asker);
      });
    } else if (same !== undefined) {
      this.counters.joined += 1;
      same.askers.add(asker);
      this.#turns.started(asker, same);
    } else if (dialogue === undefined) {
      this.counters.noPath += 1;
      this.#turns.failed(asker, "no path");
    } else {
      if (dialogue.outstanding > 0) this.pool.want(); // before links are filled, more are opened
      this.#turns.started(asker, exchange);
      this.#sharing.sent(exchange);
      if (request.key !== undefined) this.#turns.known(request.key);
      dialogue.send(exchange);
    }
  }

  /** The link with room that has least to do. */
  #free(): Dialogue | undefined {
    let best: Dialogue | undefined;
    for (const dialogue of this.#dialogues.values()) {
      if (dialogue.free && (best === undefined || dialogue.outstanding < best.outstanding)) best = dialogue;
    }
    return best;
  }

  #answer(exchange: Exchange, cut: Cut, link: Link): void {
    const { key } = exchange.request;
    const isFailure = this.#protocol.isFailure?.(cut.bytes) ?? false;
    this.#sharing.answered(exchange, cut.bytes, isFailure, this.host.clock.now());
    if (key !== undefined) this.#turns.known(key);
    const atOnce = this.rounds.idle && exchange.askers.size <= 1;
    const kept = atOnce ? cut : { ...cut, bytes: Buffer.from(cut.bytes) };
    this.#tellings.each(exchange.askers, ({ client, request }) => {
      client.deliver(this.#protocol.restore(kept, request));
      const dialogue = this.#dialogues.get(link);
      if (cut.kind !== "part" || !client.stalled || dialogue === undefined) return;
      this.#stalled.set(client, dialogue);
      dialogue.pause();
    });
  }

  #done(exchange: Exchange, byEnd: boolean): void {
    this.#sharing.over(exchange);
    this.#tellings.each(exchange.askers, (asker) => {
      const { client, request } = asker;
      this.counters.answers += 1;
      this.#release(client);
      this.#turns.over(asker);
      if (!request.last && !byEnd) return;
      this.#turns.forgetWaiting(client);
      client.close(undefined);
    });
  }

  #failed(exchange: Exchange, why: Failure): void {
    this.#sharing.over(exchange);
    // on another link: the one it was on may have been dead for long
    const again = why === "link lost" && exchange.mayBeRepeated && !this.#stopping;
    if (again) this.counters.repeated += exchange.askers.size;
    else if (why === "link lost") this.counters.linkLost += 1;
    this.#tellings.each(exchange.askers, (asker) => {
      if (again) {
        this.#turns.again(asker);
      } else if (exchange.begun) {
        this.#turns.over(asker);
        asker.client.close(`${why} in the middle of an answer`);
      } else {
        this.#turns.failed(asker, why);
      }
    });
  }

  // what happens on a link

  protected noPath(): void {
    this.#turns.dispatch();
  }

  protected opened(link: Link): LinkEvents {
    const dialogue = (): Dialogue | undefined => this.#dialogues.get(link);
    return {
      ready: () => {
        this.#dialogues.set(link, new Dialogue(link, this.#dialogueOwner(link)));
        this.#next();
      },
      data: (chunk) => {
        const known = dialogue();
        if (known !== undefined) known.data(chunk);
        else this.#stray(`${chunk.length} bytes that the device has said after connecting`);
      },
      eof: () => {
        const known = dialogue();
        if (known !== undefined) known.eof();
        else this.pool.close(link, "by device");
      },
      drained: () => this.#next(),
      lost: () => {
        this.#stop(link);
        this.#openForClients();
      },
      fault: (error) => this.#fault(link, error),
    };
  }

  #dialogueOwner(link: Link): DialogueOwner {
    const end = (how: "close" | "retire" | "renew", reason: string): void => {
      this.pool[how](link, reason);
      this.#stop(link);
    };
    return {
      clock: this.host.clock,
      options: () => this.order.mux,
      alive: () => this.pool.prove(link),
      answer: (exchange, cut) => this.#answer(exchange, cut, link),
      done: (exchange, byEnd) => this.#done(exchange, byEnd),
      failed: (exchange, why) => this.#failed(exchange, why),
      event: (message) => {
        this.counters.events += 1;
        this.#sharing.changed();
        this.#tellings.all(message);
      },
      stray: (text) => this.#stray(text),
      fault: (error) => this.#fault(link, error),
      timedOut: () => {
        this.counters.timeouts += 1;
      },
      free: () => this.#next(),
      close: (reason) => end("close", reason),
      retire: (reason) => end("retire", reason),
      renew: (reason) => {
        end("renew", reason);
        this.#openForClients();
      },
    };
  }

  /** The device has said what nobody waits for. */
  #stray(text: string): void {
    this.counters.strays += 1;
    this.log.seldom("stray", `dropped: ${text}`);
  }

  #fault(link: Link, error: unknown): void {
    this.log.fault(error);
    this.pool.close(link, "fault in the program");
    this.#stop(link);
  }

  /** A link is gone, and with it what it was asked. */
  #stop(link: Link): void {
    const dialogue = this.#dialogues.get(link);
    this.#dialogues.delete(link);
    dialogue?.stop();
    this.#next();
  }

  #next(): void {
    this.#turns.dispatch();
    if (this.#drained !== undefined && this.#isDrained) this.#drained();
  }

  #openForClients(): void {
    if (this.clients.size > 0) this.pool.want();
  }
}
