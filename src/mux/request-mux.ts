import type { Cut, HttpHead } from "../core/framing/framing.js";
import type { MuxRoute } from "../core/mux/mux-line.js";
import type { LinkStatus } from "../core/mux/mux-status.js";
import type { Failure, Protocol } from "../core/mux/protocol.js";
import { Announcements } from "./announcements.js";
import { BaseMux } from "./base-mux.js";
import type { DeviceConnection, DeviceConnectionEvents } from "./device-connection.js";
import { FairScheduler } from "./fair-scheduler.js";
import type { MuxClient, MuxClientOwner } from "./mux-client.js";
import type { MuxContext } from "./mux-context.js";
import type { Asker, PendingRequest } from "./pending-request.js";
import { ReadCoalescer } from "./read-coalescer.js";
import { RequestPipeline, type RequestPipelineOwner } from "./request-pipeline.js";

/** Requests of many clients to one device: each goes out whole, in fair turns, and its answer returns to the one who asked. */
export class RequestMux extends BaseMux {
  readonly #dialogues = new Map<DeviceConnection, RequestPipeline>();
  readonly #scheduler: FairScheduler;
  /** Links that are not read because a client does not take what comes from them. */
  readonly #stalled = new Map<MuxClient, RequestPipeline>();
  readonly #tellings = new Announcements(this.rounds, this.clients);
  #coalescer: ReadCoalescer;
  /** The daemon stops: nothing is begun any more. */
  #stopping = false;
  /** Called when nothing is outstanding. */
  #drained: (() => void) | undefined;

  constructor(port: number, route: MuxRoute, context: MuxContext) {
    super(port, route, context);
    this.#coalescer = new ReadCoalescer(route.mux.cacheMs);
    this.#scheduler = new FairScheduler({
      clock: context.clock,
      options: () => this.route.mux,
      hasRoom: () => this.pool.down || this.#free() !== undefined,
      shares: () => this.#coalescer.ms > 0,
      covers: (request) => this.#coalescer.covers(request, this.context.clock.now()),
      run: (asker, pending) => this.#run(asker, pending),
      wantLink: () => this.pool.want(),
      timedOut: () => {
        this.counters.timeouts += 1;
      },
      queueFull: () => {
        this.counters.queueFull += 1;
      },
    });
  }

  override configure(route: MuxRoute, context: MuxContext): void {
    super.configure(route, context);
    if (route.mux.cacheMs !== this.#coalescer.ms) this.#coalescer = new ReadCoalescer(route.mux.cacheMs);
  }

  async drain(): Promise<void> {
    this.#stopping = true;
    this.#scheduler.stop();
    if (this.#isDrained) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  protected override closeLinks(reason: string): void {
    const dialogues = [...this.#dialogues.values()];
    this.#dialogues.clear();
    super.closeLinks(reason);
    for (const pipeline of dialogues) pipeline.stop();
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
    return this.#scheduler.waiting;
  }

  protected get outstanding(): number {
    let sum = 0;
    for (const { outstanding } of this.#dialogues.values()) sum += outstanding;
    return sum;
  }

  protected statusOf(link: DeviceConnection): LinkStatus {
    const { requests = 0, outstanding = 0 } = this.#dialogues.get(link) ?? {};
    return link.status(requests, outstanding > 0);
  }

  get #protocol(): Protocol {
    return this.route.mux.protocol;
  }

  // what clients say

  protected hears(client: () => MuxClient): Omit<MuxClientOwner, "malformed" | "gone" | "fault"> {
    return {
      message: (bytes, head) => this.#message(client(), bytes, head),
      headReceived: (head) => {
        const goAhead = this.#protocol.continueReply?.(head);
        if (goAhead !== undefined) this.#scheduler.say(client(), goAhead);
      },
      resumed: () => this.#resumed(client()),
      inputEnded: () => {
        this.#scheduler.end(client());
        return true;
      },
      isQueueFull: () => this.#scheduler.isQueueFull(client()),
    };
  }

  #message(client: MuxClient, bytes: Buffer, head: HttpHead | undefined): void {
    const understood = this.#protocol.interpret(bytes, head, this.route.mux.writes);
    this.counters.requests += 1;
    if (understood.kind === "request") {
      if (understood.request.closesClient) client.ignore(); // what comes behind it is not to be carried out
      this.#scheduler.ask(client, understood.request);
    } else if (understood.kind === "answer") {
      this.counters.refused += 1;
      this.#scheduler.say(client, understood.bytes);
    } else {
      this.refuse(client, understood.reason, understood.bytes);
    }
  }

  protected joined(client: MuxClient): void {
    this.#scheduler.join(client);
  }

  protected refuse(client: MuxClient, reason: string, bytes: Buffer | undefined): void {
    client.ignore();
    this.#scheduler.say(client, bytes, reason);
  }

  protected forget(client: MuxClient): void {
    this.#scheduler.leave(client);
    this.#release(client);
  }

  #resumed(client: MuxClient): void {
    this.#release(client);
    this.#scheduler.call(client);
    this.#scheduler.dispatch();
  }

  /** Reads again from the link that waited for this client. */
  #release(client: MuxClient): void {
    this.#stalled.get(client)?.resume();
    this.#stalled.delete(client);
  }

  // what becomes of a request

  #run(asker: Asker, pending: PendingRequest): void {
    const { client, request } = asker;
    const fresh = this.#coalescer.fresh(request, this.context.clock.now());
    const same = this.#coalescer.joinable(request);
    const pipeline = this.#free();
    if (fresh !== undefined) {
      this.counters.cacheHits += 1;
      this.#scheduler.started(asker, pending);
      this.#tellings.each(pending.askers, () => {
        client.deliver(this.#protocol.forClient({ kind: "frame", bytes: fresh }, request));
        this.#scheduler.over(asker);
      });
    } else if (same !== undefined) {
      this.counters.joined += 1;
      same.askers.add(asker);
      this.#scheduler.started(asker, same);
    } else if (pipeline === undefined) {
      this.counters.noPath += 1;
      this.#scheduler.failed(asker, "no path");
    } else {
      if (pipeline.outstanding > 0) this.pool.want(); // before links are filled, more are opened
      this.#scheduler.started(asker, pending);
      this.#coalescer.sent(pending);
      if (request.key !== undefined) this.#scheduler.known(request.key);
      pipeline.send(pending);
    }
  }

  /** The link with room that has least to do. */
  #free(): RequestPipeline | undefined {
    let best: RequestPipeline | undefined;
    for (const pipeline of this.#dialogues.values()) {
      if (pipeline.free && (best === undefined || pipeline.outstanding < best.outstanding)) best = pipeline;
    }
    return best;
  }

  #answer(pending: PendingRequest, cut: Cut, link: DeviceConnection): void {
    const { key } = pending.request;
    const isFailure = this.#protocol.isFailure?.(cut.bytes) ?? false;
    this.#coalescer.answered(pending, cut.bytes, isFailure, this.context.clock.now());
    if (key !== undefined) this.#scheduler.known(key);
    const atOnce = this.rounds.idle && pending.askers.size <= 1;
    const kept = atOnce ? cut : { ...cut, bytes: Buffer.from(cut.bytes) };
    this.#tellings.each(pending.askers, ({ client, request }) => {
      client.deliver(this.#protocol.forClient(kept, request));
      const pipeline = this.#dialogues.get(link);
      if (cut.kind !== "part" || !client.stalled || pipeline === undefined) return;
      this.#stalled.set(client, pipeline);
      pipeline.pause();
    });
  }

  #done(pending: PendingRequest, byEnd: boolean): void {
    this.#coalescer.over(pending);
    this.#tellings.each(pending.askers, (asker) => {
      const { client, request } = asker;
      this.counters.answers += 1;
      this.#release(client);
      this.#scheduler.over(asker);
      if (!request.closesClient && !byEnd) return;
      this.#scheduler.forgetWaiting(client);
      client.close(undefined);
    });
  }

  #failed(pending: PendingRequest, why: Failure): void {
    this.#coalescer.over(pending);
    // on another link: the one it was on may have been dead for long
    const again = why === "link lost" && pending.mayBeRepeated && !this.#stopping;
    if (again) this.counters.repeated += pending.askers.size;
    else if (why === "link lost") this.counters.linkLost += 1;
    this.#tellings.each(pending.askers, (asker) => {
      if (again) {
        this.#scheduler.again(asker);
      } else if (pending.begun) {
        this.#scheduler.over(asker);
        asker.client.close(`${why} in the middle of an answer`);
      } else {
        this.#scheduler.failed(asker, why);
      }
    });
  }

  // what happens on a link

  protected noPath(): void {
    this.#scheduler.dispatch();
  }

  protected opened(link: DeviceConnection): DeviceConnectionEvents {
    const pipeline = (): RequestPipeline | undefined => this.#dialogues.get(link);
    return {
      ready: () => {
        this.#dialogues.set(link, new RequestPipeline(link, this.#dialogueOwner(link)));
        this.#next();
      },
      data: (chunk) => {
        const known = pipeline();
        if (known !== undefined) known.data(chunk);
        else this.#unsolicited(`${chunk.length} bytes that the device has said after connecting`);
      },
      eof: () => {
        const known = pipeline();
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

  #dialogueOwner(link: DeviceConnection): RequestPipelineOwner {
    const end = (how: "close" | "retire" | "renew", reason: string): void => {
      this.pool[how](link, reason);
      this.#stop(link);
    };
    return {
      clock: this.context.clock,
      options: () => this.route.mux,
      alive: () => this.pool.prove(link),
      answer: (pending, cut) => this.#answer(pending, cut, link),
      done: (pending, byEnd) => this.#done(pending, byEnd),
      failed: (pending, why) => this.#failed(pending, why),
      event: (message) => {
        this.counters.events += 1;
        this.#coalescer.changed();
        this.#tellings.all(message);
      },
      unsolicited: (text) => this.#unsolicited(text),
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
  #unsolicited(text: string): void {
    this.counters.strays += 1;
    this.log.seldom("stray", `dropped: ${text}`);
  }

  #fault(link: DeviceConnection, error: unknown): void {
    this.log.fault(error);
    this.pool.close(link, "fault in the program");
    this.#stop(link);
  }

  /** A link is gone, and with it what it was asked. */
  #stop(link: DeviceConnection): void {
    const pipeline = this.#dialogues.get(link);
    this.#dialogues.delete(link);
    pipeline?.stop();
    this.#next();
  }

  #next(): void {
    this.#scheduler.dispatch();
    if (this.#drained !== undefined && this.#isDrained) this.#drained();
  }

  #openForClients(): void {
    if (this.clients.size > 0) this.pool.want();
  }
}
