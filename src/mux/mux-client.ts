import { CutQueue } from "../core/framing/cut-queue.js";
import type { FramingKind } from "../core/framing/framing.js";
import { viewOfProtocol } from "../core/monitor/views/views.js";
import type { ClientRecord } from "../core/mux/client-records.js";
import type { Protocol } from "../core/mux/protocol.js";
import { type DetectedProtocol, detectProtocol, wrongProtocolIn } from "../core/mux/protocol-detection.js";
import type { HostPort } from "../core/net/address.js";
import type { ClientOrigin } from "../core/net/client-origin.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";
import { guarded, type Intermediary } from "../sockets/end.js";
import { QueuedEnd } from "../sockets/queued-end.js";
import type { Clock, Timer } from "../system/clock.js";
import { Countdown } from "./countdown.js";
import { FirstBytes } from "./first-bytes.js";
import { MessageAssembly } from "./message-assembly.js";
import type { MuxClientOwner } from "./mux-client-owner.js";
import { StallWatch } from "./stall-watch.js";

/** Who a client of a mux is. */
export type MuxClientIdentity = Pick<MuxClient, "origin" | "id" | "name" | "record">;

const MAX_PENDING = 262_144; // unread bytes of answers; beyond this limit the mux neither reads from the client nor starts requests for it
const SIGN_OF_LIFE_MS = 1000; // well below the shortest timeout of a relay
const NOTHING = Buffer.alloc(0);

/** A shared device as one client sees it: like a connection that belongs to this client alone. */
export class MuxClient extends QueuedEnd {
  readonly intermediary: Intermediary;
  /** Where the client is; its address is undefined for clients of a shared connection. */
  readonly origin: ClientOrigin;
  /** `host:port` */
  readonly name: string;
  /** The id of its connection. */
  readonly id: string;
  /** What is known of it, over all its connections. */
  readonly record: ClientRecord;
  readonly #clock: Clock;
  readonly #owner: MuxClientOwner;
  /** Messages that the mux has not accepted yet, in memory that belongs to the writer until then. */
  readonly #messages: CutQueue;
  readonly #slice: TimeSlice;
  #isWorking = false;
  readonly #assembly: MessageAssembly;
  /** Limits how long the device waits for the client to read. */
  #readWatch: StallWatch | undefined;
  /** What the mux does with further messages of the client: `last`: it takes the one that has begun, and ignores what comes behind it. */
  #messagesAre: "taken" | "last" | "ignored" = "taken";
  #input: "open" | "ended" | "finished" = "open";
  #signOfLife: Timer | undefined;
  readonly #framing: FramingKind;
  readonly #first: FirstBytes;
  readonly #restMs: number | undefined;
  readonly #rest: Countdown;

  /** @param target the device, with the name that the configuration gives it */
  constructor(who: MuxClientIdentity, target: HostPort, protocol: Protocol, clock: Clock, owner: MuxClientOwner) {
    super(target);
    this.origin = who.origin;
    this.name = who.name;
    this.id = who.id;
    this.record = who.record;
    this.#clock = clock;
    this.#owner = owner;
    this.#framing = protocol.framing;
    this.#first = new FirstBytes(clock, (bytes) =>
      guarded(this, () => this.#judge(detectProtocol(bytes, "clients", this.#framing.name), bytes)),
    );
    this.#messages = new CutQueue(protocol.framing.requests());
    this.#restMs = protocol.restMs;
    this.#rest = new Countdown(clock, () => guarded(this, () => this.#missRest()));
    this.#assembly = new MessageAssembly({
      ...{ clock, stallMs: () => owner.stallMs(), isAnswered: () => owner.isAnswered() },
      ...{ isAwaited: () => owner.isAwaited(), isDeviceIdle: () => owner.isDeviceIdle() },
      message: (bytes, head, body) => owner.message(bytes, head, body),
      headReceived: (head) => owner.headReceived(head),
      roomed: () => this.#roomed(),
      stalled: () =>
        guarded(this, () => owner.malformed(`nothing for ${owner.stallMs() / 1000} s in its middle`, "stalled")),
      fault: (error) => this.events.fault(error),
    });
    this.#slice = new TimeSlice(() => guarded(this, () => this.check()), FEW_STEPS);
    const { name } = protocol.framing;
    this.intermediary = { view: viewOfProtocol(name), protocol: name };
  }

  /** Bytes that the mux has not accepted; the relay reads nothing from the client meanwhile. */
  get unsent(): number {
    return this.#isIgnored ? 0 : this.#messages.size + this.#assembly.unsent;
  }

  get rests(): boolean {
    const isWhole = this.unsent === 0 && this.#messages.held === 0 && !this.#assembly.isIncomplete;
    const isOpen = this.#input === "open" && this.#messagesAre === "taken" && !this.gone && !this.isEnding;
    return isOpen && isWhole && this.pending === 0 && this.#owner.isAnswered();
  }

  /** Whether the client leaves so much unread that the mux starts no more requests for it. */
  get stalled(): boolean {
    return this.pending > MAX_PENDING;
  }

  write(chunk: Buffer | string): void {
    if (this.#isIgnored || this.#input !== "open") return;
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    if (!this.#first.isOver) {
      const isFirst = this.#first.bytes.length === 0;
      this.#first.add(bytes);
      if (isFirst) this.#judge(wrongProtocolIn(bytes, this.#framing), bytes);
      if (this.#isIgnored) return;
    }
    this.#messages.push(bytes);
    this.#work();
  }

  override resume(): void {
    super.resume();
    if (this.#readWatch?.isRunning) this.#readWatch.moved();
    if (this.gone || this.isPaused || this.stalled) return;
    this.#owner.resumed();
    this.check();
  }

  /** Whether the client is gone, or has sent FIN: most often that is all that one shows which has given up. */
  get mayBeGone(): boolean {
    return this.gone || this.#input !== "open";
  }

  end(): void {
    if (this.#input !== "open") return;
    this.#input = "ended";
    this.#messages.end();
    this.#work();
  }

  /** Passes bytes on to the client. The caller must not change them afterwards. */
  override deliver(bytes: Buffer): void {
    this.#assembly.delivered();
    if (this.isPaused || this.pending > 0) super.deliver(bytes);
    else if (!this.gone && !this.isEnding) guarded(this, () => this.events.data(bytes));
  }

  /** No message behind the one that the client is sending is of interest. */
  takeNoMore(): void {
    if (this.#assembly.isIncomplete) this.#messagesAre = "last";
    else this.ignore("");
  }

  /** From now on everything that the client sends is thrown away; `reason`: why, where it is in the middle of a message. */
  ignore(reason: string): void {
    this.#messagesAre = "ignored";
    this.#assembly.abandon(reason);
  }

  /** The device waits until the client has read, but not longer than STAL. */
  mustRead(): void {
    const { events } = this;
    this.#readWatch ??= new StallWatch({
      clock: this.#clock,
      limitMs: () => this.#owner.stallMs(),
      isDue: () => true,
      isAwaited: () => this.#owner.isAwaited(),
      backlog: () => this.events.backlog?.(),
      stalled: () => this.#owner.readStalled(),
      fault: (error) => events.fault(error),
    });
    this.#readWatch.moved();
  }

  /** The device waits for the client no more. */
  needNotRead(): void {
    this.#readWatch?.stop();
  }

  /**
   * Closes behind everything delivered: with EOF, or for a reason. From now on everything that the client sends is thrown away.
   *
   * @param isCut in the middle of an answer: the client must not take what it has got for the whole
   */
  close(reason: string | undefined, isCut = false): void {
    this.ignore(reason ?? "closed");
    this.#signOfLife?.cancel();
    this.endBehindQueue(reason, isCut);
  }

  /** The mux may have room for the next message of the client. */
  check(): void {
    if (this.#messages.empty || this.#isWorking || this.#slice.yielding || this.gone) return;
    this.#work();
    if (this.unsent === 0) guarded(this, () => this.events.drained());
  }

  get #isIgnored(): boolean {
    return this.#messagesAre === "ignored";
  }

  protected released(): void {
    this.ignore("its client has gone in the middle of a request");
    this.#first.end();
    this.#rest.cancel();
    this.#signOfLife?.cancel();
    this.needNotRead();
    this.#owner.gone();
  }

  #judge(detected: DetectedProtocol | undefined, bytes: Buffer): void {
    if (detected === undefined || this.#isIgnored) return;
    this.#first.end();
    this.#owner.wrongProtocol(detected, bytes);
  }

  #finishSoon(): void {
    if (this.#input !== "ended") return;
    this.#input = "finished";
    setImmediate(() => guarded(this, () => this.#finish()));
  }

  /** The mux has accepted everything that the client sent. */
  #finish(): void {
    if (this.gone) return;
    this.events.finished();
    if (this.#assembly.isIncomplete) this.#owner.malformed("the client has ended in its middle", "malformed");
    else if (this.#owner.inputEnded()) this.#giveSignOfLife();
  }

  /** The device works on the last requests of the client: the relay must not take this silence for a dead remote. TIME limits the wait. */
  #giveSignOfLife(): void {
    if (this.gone || this.isEnding) return;
    this.#signOfLife = this.#clock.after(SIGN_OF_LIFE_MS, () => {
      guarded(this, () => this.events.data(NOTHING));
      this.#giveSignOfLife();
    });
  }

  /** Hands messages to the mux as long as it accepts them, a time slice in each pass of the event loop. */
  #work(): void {
    if (this.#slice.yielding) return;
    if (this.#isWorking) return; // the mux calls back while it accepts a message
    this.#isWorking = true;
    while (!this.#isIgnored && !this.stalled && (this.#assembly.takesBody ?? !this.#owner.isQueueFull())) {
      const cut = this.#messages.take();
      if (cut === undefined) break;
      this.#first.end();
      if (cut.kind === "junk") this.#owner.malformed(cut.reason, "malformed", cut.bytes);
      else this.#assembly.add(cut.kind, cut.bytes, cut.head);
      if (this.#messagesAre === "last" && !this.#assembly.isIncomplete) this.#messagesAre = "ignored";
      if (this.#slice.takeStep()) continue;
      this.#slice.yield();
      break;
    }
    this.#isWorking = false;
    if (this.#isIgnored || this.#messages.empty) this.#finishSoon();
    if (this.#restMs !== undefined) this.#awaitRest(this.#restMs);
  }

  /** A client that has sent half a message waits for an answer that never comes: it had better know. */
  #awaitRest(ms: number): void {
    const isRestDue = !this.#isIgnored && this.#input === "open" && this.#messages.empty && this.#messages.held > 0;
    if (!isRestDue) this.#rest.cancel();
    else this.#rest.start(ms);
  }

  #missRest(): void {
    this.#messages.end();
    const bytes = this.#messages.take()?.bytes;
    this.#owner.malformed(
      `the rest of a message did not come within ${(this.#restMs ?? 0) / 1000} s`,
      "malformed",
      bytes,
    );
  }

  /** The link has taken what it was given of a body. */
  #roomed(): void {
    if (this.#isWorking || this.#slice.yielding || this.gone) return;
    if (this.#messages.empty) guarded(this, () => this.unsent === 0 && this.events.drained());
    else this.check();
  }
}
