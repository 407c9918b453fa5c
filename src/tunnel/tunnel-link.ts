import { CutQueue } from "../core/framing/cut-queue.js";
import { ClientIds } from "../core/tunnel/client-ids.js";
import { type Command, commandOf, type Told, tunnelFraming } from "../core/tunnel/frames.js";
import type { LinkBytes, TunnelLinkStatus } from "../core/tunnel/tunnel-status.js";
import { FEW_STEPS, Turn } from "../scheduling/turn.js";
import { endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock, Timer } from "../system/clock.js";
import { Channel, type ChannelOwner } from "./channel.js";
import { ReceiveFlowControl } from "./receive-flow-control.js";
import { SendScheduler } from "./send-scheduler.js";

/** What a link tells the side it belongs to. */
export interface TunnelLinkEvents {
  /** All commands but those of clients that there are. */
  command(command: Command): void;
  /** A client is closed because it did not read for too long. */
  stalled(channel: Channel): void;
  /** It is over, for this reason; all its clients are closed. Told once. */
  lost(reason: string): void;
  fault(error: unknown): void;
}

/** How a link treats its clients. */
export interface TunnelLinkRules {
  /** So long it waits for a client that does not read what came for it; milliseconds. */
  readonly stallMs: number;
  /** Silence on the link after which the other side is asked for a sign of life; milliseconds. */
  readonly probeMs: number;
}

/** With more clients than that, those that have sent FIN are not kept for an answer any longer: their numbers will be needed. */
const MANY_CLIENTS = 192;
/** So much may wait that the other side does not read, beside the clients' bytes: comings and goings, and what it has asked for. */
const MAX_UNSENT = 1_048_576;
/** Bytes that are cut into frames at once. That takes 2 ms at the worst; the frames of a large transfer have a quarter of that. */
const BITE = 65_536;
/** A side that answers marks is lost when so many have been left unanswered, each for the time between probes. */
const UNANSWERED_MARKS = 2;

/** A connection between server and device, and the clients that share it. Both sides use it alike. */
export class TunnelLink implements ChannelOwner {
  readonly #openedAt: number;
  #received = 0;
  readonly #end: StreamEnd;
  readonly #sendScheduler: SendScheduler;
  readonly #rules: TunnelLinkRules;
  readonly #clock: Clock;
  readonly #events: TunnelLinkEvents;
  readonly #frames = new CutQueue(tunnelFraming.requests(), BITE);
  readonly #turn: Turn;
  readonly #channels = new Map<number, Channel>();
  readonly #receiveFlow: ReceiveFlowControl<Channel>;
  /** Clients that have sent FIN and wait for the rest of an answer, the first of them first. */
  readonly #ended = new Set<Channel>();
  /** Marks of this turn. */
  #marks = 0;
  /** Clients that something has come for in this turn. */
  readonly #addressed = new Set<Channel>();
  readonly #ids = new ClientIds(this.#channels);
  #probe: Timer | undefined;
  #heardAt: number;
  /** Marks sent as probes since then. Silence alone proves nothing: while this process stands still, it asks nobody. */
  #asked = 0;
  #over = false;

  /** @param end connected, and paused */
  constructor(end: StreamEnd, rules: TunnelLinkRules, clock: Clock, events: TunnelLinkEvents) {
    this.#end = end;
    this.#sendScheduler = new SendScheduler(end, clock);
    this.#rules = rules;
    this.#clock = clock;
    this.#events = events;
    this.#turn = new Turn(() => this.#goOn(), FEW_STEPS);
    this.#openedAt = clock.now();
    this.#heardAt = clock.now();
    this.#receiveFlow = new ReceiveFlowControl(rules.stallMs, clock, {
      hold: (channel, is) => this.#ask(channel, is ? "pause" : "resume"),
      wait: (is) => this.#wait(is),
      stalled: (channel) => this.#giveUp(channel),
    });
    end.events = {
      data: (chunk) => this.#receive(chunk),
      eof: () => this.close(endedBy("remote")),
      drained: () => this.#sendScheduler.drained(),
      finished() {},
      closed: (error) => this.close(endedBy("remote", error)),
      fault: (error) => this.#fault(error),
    };
  }

  /** Begins to read. */
  start(): void {
    this.#planProbe();
    this.#end.resume();
  }

  /** Asks the other side to answer marks, if it can: so nobody waits for long behind what others send. */
  beginMarking(): void {
    this.#sendScheduler.beginMarking();
  }

  /**
   * What STAT tells of it.
   *
   * @param address of the other side
   */
  status(address: string): TunnelLinkStatus {
    return {
      address,
      ageMs: Math.round(this.#clock.now() - this.#openedAt),
      clients: this.#channels.size,
      ...this.bytes,
    };
  }

  get bytes(): LinkBytes {
    return { received: this.#received, sent: this.#sendScheduler.sent };
  }

  /** A client more, under a number that is free. */
  open(id: number, peer: { readonly host: string; readonly port: number }): Channel {
    const former = this.#channels.get(id);
    if (former !== undefined) {
      this.#forget(former);
      former.cut("the other side has given its number to another client");
    }
    const channel = new Channel(id, peer, this);
    this.#channels.set(id, channel);
    this.#makeRoom();
    return channel;
  }

  /** Tells the other side, if there is one, and it reads: else it may be lost behind that. */
  send(command: Told): void {
    if (this.#over) return;
    this.#sendScheduler.send(command);
    this.#checkUnsent();
  }

  #checkUnsent(): void {
    if (this.#end.unsent > MAX_UNSENT) this.close("it does not read");
  }

  /** Ends it: its clients are closed. */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#probe?.cancel();
    this.#receiveFlow.close();
    this.#end.events = IGNORE_EVENTS;
    this.#end.destroy();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    this.#ended.clear();
    for (const channel of channels) channel.cut(`link lost: ${reason}`);
    this.#events.lost(reason);
  }

  // what channels tell

  wants(channel: Channel): void {
    this.#sendScheduler.want(channel);
  }

  pending(channel: Channel): void {
    this.#receiveFlow.changed(channel);
  }

  ended(channel: Channel): void {
    if (this.#has(channel)) this.#ended.add(channel);
    this.#makeRoom();
  }

  closed(channel: Channel): void {
    this.#forget(channel);
    this.#ids.closed(channel.id, this.#clock.now(), this.#ours);
    this.send({ kind: "close", client: channel.id });
  }

  /** A number for a client more; nothing when there is none. */
  freeId(): number | undefined {
    return this.#ids.free(this.#clock.now());
  }

  /** Whether the other side is one of our own: only those answer marks. */
  get #ours(): boolean {
    return this.#sendScheduler.answered;
  }

  #makeRoom(): void {
    for (const channel of this.#ended) {
      if (this.#channels.size <= MANY_CLIENTS) return;
      if (channel.unsent > 0) continue;
      this.closed(channel);
      channel.close();
    }
  }

  /** Whether it has its number still: one that the other side has closed may have something to deliver, and no number any more. */
  #has(channel: Channel): boolean {
    return this.#channels.get(channel.id) === channel;
  }

  #forget(channel: Channel): void {
    this.#sendScheduler.forget(channel);
    this.#ended.delete(channel);
    this.#channels.delete(channel.id);
  }

  #giveUp(channel: Channel): void {
    this.#events.stalled(channel);
    if (this.#has(channel)) this.closed(channel);
    channel.cut(`it has not read for ${this.#rules.stallMs / 1000} s, and the others of its link had to wait`);
  }

  #wait(is: boolean): void {
    if (this.#over) return;
    this.#regulate();
    this.#heard(); // it is not silent: it is not listened to
    this.#sendScheduler.deafen(is);
  }

  #receive(chunk: Buffer): void {
    this.#received += chunk.length;
    this.#heard();
    this.#frames.push(chunk);
    this.#work();
  }

  #goOn(): void {
    try {
      this.#work();
    } catch (error) {
      this.#fault(error);
    }
  }

  /** Does what the frames say, for a turn; the link is not read before the rest is done. */
  #work(): void {
    while (!this.#over && !this.#turn.waiting) {
      const frame = this.#frames.take();
      if (frame === undefined) break;
      this.#handle(commandOf(frame.bytes));
      if (this.#turn.over) this.#turn.next();
    }
    for (const channel of this.#addressed) channel.flush(); // in one go, in however many frames it came
    this.#addressed.clear();
    this.#answerMarks();
    this.#regulate();
  }

  #answerMarks(): void {
    if (this.#marks === 0 || this.#over) return;
    this.#sendScheduler.answer(this.#marks);
    this.#marks = 0;
    this.#receiveFlow.canHold();
    this.#checkUnsent();
  }

  /** Reads, unless there is still something to do, or the clients are to take something first. */
  #regulate(): void {
    if (this.#over) return;
    if (this.#turn.waiting || this.#receiveFlow.waiting) this.#end.pause();
    else this.#end.resume();
  }

  #handle(command: Command): void {
    if (this.#over) return;
    const channel = "client" in command ? this.#channels.get(command.client) : undefined;
    switch (command.kind) {
      case "data":
        if (channel === undefined) return; // nobody waits for it any more
        channel.deliver(command.bytes);
        this.#addressed.add(channel);
        return;
      case "close":
        this.#closed(command, channel);
        return;
      case "mark":
        this.#marks += 1;
        return;
      case "seen":
        this.#sendScheduler.seen();
        return;
      case "pause":
      case "resume":
        if (channel !== undefined) this.#sendScheduler.hold(channel, command.kind === "pause");
        return;
      default:
        this.#events.command(command);
    }
  }

  #closed(command: Command & { kind: "close" }, channel: Channel | undefined): void {
    this.#ids.confirmed(command.client);
    if (channel === undefined) return;
    this.#forget(channel);
    // so the other side knows that nothing more of this client is on its way; another make may have a new one by that number
    if (this.#ours) this.send(command);
    channel.close();
  }

  #ask(channel: Channel, kind: "pause" | "resume"): void {
    if (this.#has(channel)) this.send({ kind, client: channel.id });
  }

  /**
   * Asks for a sign of life: by a mark, which a hung program leaves unanswered, too; where those are not known, by a command that
   * means nothing: what the kernel hears, or does not, it tells.
   */
  #planProbe(): void {
    const { probeMs } = this.#rules;
    if (probeMs === 0) return;
    this.#probe = this.#clock.after(probeMs, () => {
      this.#planProbe();
      const silence = this.#clock.now() - this.#heardAt;
      if (silence < probeMs || this.#receiveFlow.waiting) return;
      if (!this.#ours) {
        const client = this.#ids.unused();
        if (client !== undefined) this.send({ kind: "close", client });
      } else if (this.#asked < UNANSWERED_MARKS) {
        this.#asked += 1;
        this.#sendScheduler.mark();
      } else this.close(`silent for ${Math.round(silence / 1000)} s`);
    });
  }

  #heard(): void {
    this.#heardAt = this.#clock.now();
    this.#asked = 0;
  }

  #fault(error: unknown): void {
    this.#events.fault(error);
    this.close("fault in the program");
  }
}
