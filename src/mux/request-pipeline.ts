import { CutQueue } from "../core/framing/cut-queue.js";
import type { Cut } from "../core/framing/framing.js";
import type { MuxOptions } from "../core/mux/mux-options.js";
import type { Failure, Request } from "../core/mux/protocol.js";
import { FEW_STEPS, TimeSlice } from "../scheduling/time-slice.js";
import type { Clock, Timer } from "../system/clock.js";
import type { DeviceConnection } from "./device-connection.js";
import type { PendingRequest } from "./pending-request.js";

const PROBE_MS = 5000; // a client may wait behind a probe for as long
const GATHER_MS = 300; // silence after which no more answers to one request are expected
const SILENT_LIMITS = 1.5; // times the limit for an answer without a byte: the link is dead rather than the device slow
const MAX_LOST_IDS = 100; // of answers that may still come; one that is later than so many others does not
const MAX_STALL_MS = 60_000; // a client that does not take a long answer keeps the link from the others for so long

/** What a dialogue tells the mux. */
export interface RequestPipelineOwner {
  readonly clock: Clock;
  options(): MuxOptions;
  /** The device answers what it is asked. */
  alive(): void;
  /** A piece of the answer to an exchange, or all of it. */
  answer(pending: PendingRequest, cut: Cut): void;
  /** Its answer is complete. `byEnd`: the end of the connection was the end of the answer. */
  done(pending: PendingRequest, byEnd: boolean): void;
  failed(pending: PendingRequest, why: Failure): void;
  /** The device has said something on its own, to everybody. */
  event(message: Buffer): void;
  /** A message, or bytes that are none, that nobody waits for. */
  unsolicited(text: string): void;
  /** A fault of the program. */
  fault(error: unknown): void;
  timedOut(): void;
  /** It can take another request. */
  free(): void;
  /** The link is to be closed because of what the device has done. */
  close(reason: string): void;
  /** The link is to be closed because its time has come: another one may be opened at once. */
  retire(reason: string): void;
  /** The link is of no use any more: it is to be closed, and another one opened. */
  renew(reason: string): void;
}

/** A request on the link. Without an exchange it is a probe. */
interface Outstanding {
  readonly request: Request;
  readonly pending: PendingRequest | undefined;
  timer: Timer | undefined;
  /** Further answers may come. */
  gathering: boolean;
}

/** Requests and answers on one link. */
export class RequestPipeline {
  readonly link: DeviceConnection;
  requests = 0;
  readonly #owner: RequestPipelineOwner;
  readonly #outstanding = new Map<number, Outstanding>();
  /** Ids of requests given up: not used again while their answers may still come. */
  readonly #lostIds = new Set<number>();
  readonly #cuts: CutQueue;
  readonly #slice: TimeSlice;
  #nextId = Math.floor(Math.random() * 0x10000);
  /** Since when the device owes an answer and has not said anything. */
  #silentSince: number | undefined;
  /** Until when the device has its pause. */
  #pauseUntil = 0;
  #lastUsed: number;
  /** What the device has sent is being worked off: it is asked nothing meanwhile. */
  #reading = false;
  /** A client does not take the answer. */
  #paused = false;
  /** Why it takes no more requests: it is closed when the last one is answered. */
  #leaving: string | undefined;
  #over = false;
  #health: Timer | undefined;
  #age: Timer | undefined;
  #pause: Timer | undefined;

  constructor(link: DeviceConnection, owner: RequestPipelineOwner) {
    this.link = link;
    this.#owner = owner;
    this.#cuts = new CutQueue(owner.options().protocol.framing.answers());
    this.#slice = new TimeSlice(() => this.#goOn(), FEW_STEPS);
    this.#lastUsed = owner.clock.now();
    this.#watch();
    const { maxAgeMs } = owner.options();
    if (maxAgeMs > 0) this.#age = owner.clock.after(maxAgeMs, () => this.#leave("as old as MAXA allows"));
  }

  /** Requests that wait for an answer. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Whether a request may be sent now. */
  get free(): boolean {
    if (this.#over || this.#reading || this.#leaving || !this.link.ready || this.link.unsent > 0) return false;
    return this.#outstanding.size < this.#owner.options().pipe && this.#owner.clock.now() >= this.#pauseUntil;
  }

  /** Sends the request of an exchange. */
  send(pending: PendingRequest): void {
    this.#send(pending.request, pending, this.#owner.options().answerMs);
  }

  /** Does not read for now: a client does not take the answer. */
  pause(): void {
    this.#paused = true;
    this.#regulate();
    for (const [id, outstanding] of this.#outstanding) this.#limit(id, outstanding, MAX_STALL_MS);
  }

  /** Reads again. */
  resume(): void {
    this.#paused = false;
    this.#regulate();
    for (const [id, outstanding] of this.#outstanding) this.#limit(id, outstanding, this.#owner.options().answerMs);
  }

  /** Takes what the device has sent. */
  data(chunk: Buffer): void {
    this.#lastUsed = this.#owner.clock.now();
    const { protocol } = this.#owner.options();
    if (this.#outstanding.size === 0 && !protocol.recognizesUnsolicited) {
      this.#distrust(`${chunk.length} bytes that nobody asked for`);
      return;
    }
    this.#cuts.push(chunk);
    this.#work(false);
  }

  /** The device will send nothing more. */
  eof(): void {
    this.#cuts.end();
    this.#work(true);
    if (this.#over) return;
    if (this.#leaving !== undefined && this.#outstanding.size === 0) this.#owner.retire(this.#leaving);
    else this.#owner.close("by device");
  }

  /** The link is gone: what it was asked fails. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of [this.#health, this.#pause, this.#age]) timer?.cancel();
    const left = [...this.#outstanding.values()].reverse(); // what is asked again is put in front, one by one
    this.#outstanding.clear();
    for (const { pending, timer, gathering } of left) {
      timer?.cancel();
      if (pending === undefined) continue;
      if (gathering) this.#owner.done(pending, false);
      else this.#owner.failed(pending, "link lost");
    }
  }

  #send(request: Request, pending: PendingRequest | undefined, limitMs: number): void {
    const { protocol } = this.#owner.options();
    const id = protocol.hasIds ? this.#freeId() : 0;
    this.requests += 1;
    this.#lastUsed = this.#owner.clock.now();
    if (!protocol.hasIds && !protocol.recognizesUnsolicited)
      this.#cuts.restart(protocol.framing.answers(request.bytes));
    if (request.closesConnection) this.#leaving ??= "the device may see the end of the request elsewhere";
    this.link.write(protocol.withId(request, id));
    if (request.oneWay) {
      if (pending !== undefined) this.#owner.done(pending, false);
      this.#rest();
      return;
    }
    this.#silentSince ??= this.#lastUsed;
    const outstanding = { request, pending, timer: undefined, gathering: false };
    this.#outstanding.set(id, outstanding);
    this.#limit(id, outstanding, limitMs);
  }

  #freeId(): number {
    do this.#nextId = (this.#nextId + 1) & 0xffff;
    while (this.#outstanding.has(this.#nextId) || this.#lostIds.has(this.#nextId));
    return this.#nextId;
  }

  #limit(id: number, outstanding: Outstanding, ms: number): void {
    outstanding.timer?.cancel();
    outstanding.timer = this.#owner.clock.after(ms, () => this.#expire(id, outstanding));
  }

  #goOn(): void {
    try {
      this.#work(false);
    } catch (error) {
      this.#owner.fault(error);
    }
  }

  /**
   * Works off what the device has sent, for a turn; the link is not read before the rest is done.
   *
   * @param atEnd whether nothing more will come, and all of it is to be done now
   */
  #work(atEnd: boolean): void {
    if (this.#slice.yielding && !atEnd) return;
    this.#reading = true;
    while (!this.#over) {
      const cut = this.#cuts.take();
      if (cut === undefined) break;
      if (cut.kind === "junk") this.#distrust(cut.reason);
      else this.#message(cut, atEnd);
      if (atEnd || this.#over || this.#slice.takeStep()) continue;
      this.#slice.yield();
      this.#regulate();
      return;
    }
    const { recognizesUnsolicited } = this.#owner.options().protocol;
    if (!this.#over && !recognizesUnsolicited && this.#outstanding.size === 0 && this.#cuts.held > 0) {
      this.#distrust(`${this.#cuts.held} bytes of a message behind the answer`);
    }
    this.#reading = false;
    if (atEnd || this.#over) return;
    this.#regulate();
    this.#silentSince = this.#outstanding.size > 0 ? this.#lastUsed : undefined;
    this.#owner.free();
  }

  /** Reads, unless a client is to take something first, or there is still something to do. */
  #regulate(): void {
    if (this.#over) return;
    if (this.#paused || this.#slice.yielding) this.link.pause(this);
    else this.link.resume(this);
  }

  #message(cut: Cut, atEnd: boolean): void {
    const { protocol } = this.#owner.options();
    const { bytes } = cut;
    if (cut.kind !== "junk" && cut.head?.upgrade) {
      this.#distrust("the device goes on with another protocol");
      return;
    }
    if (protocol.isEvent?.(bytes)) {
      this.#owner.alive();
      this.#owner.event(Buffer.from(bytes));
      return;
    }
    const id = protocol.hasIds ? protocol.idOf(bytes) : 0;
    const outstanding = this.#outstanding.get(id);
    if (outstanding === undefined || (cut.kind === "frame" && !protocol.isAnswerTo(bytes, outstanding.request))) {
      if (outstanding === undefined) this.#lostIds.delete(id);
      const what = `an answer that nobody waits for (${bytes.toString("hex", 0, 32)})`;
      if (outstanding === undefined && !protocol.recognizesUnsolicited) this.#distrust(what);
      else this.#owner.unsolicited(what);
      return;
    }
    this.#answer(id, outstanding, cut, atEnd);
  }

  #answer(id: number, outstanding: Outstanding, cut: Cut, atEnd: boolean): void {
    const { pending, request } = outstanding;
    this.#owner.alive();
    const { protocol, answerMs } = this.#owner.options();
    const head = cut.kind === "junk" ? undefined : cut.head;
    const interim = head?.status !== undefined && head.status < 200;
    if (head !== undefined && protocol.closesConnection?.(head)) this.#leaving ??= "as the device wants it";
    if (pending !== undefined) {
      pending.begun ||= !interim;
      this.#owner.answer(pending, cut);
    }
    if (this.#over) return;
    if (protocol.hasManyAnswers?.(request)) {
      outstanding.gathering = true;
      this.#limit(id, outstanding, GATHER_MS);
    } else if (cut.kind === "part") {
      // one without end would keep the link for ever, though nobody wants it any more
      if (pending?.wanted && !this.#paused && !interim) this.#limit(id, outstanding, answerMs);
    } else {
      this.#complete(id, outstanding, atEnd);
    }
  }

  #complete(id: number, { pending, timer }: Outstanding, byEnd: boolean): void {
    timer?.cancel();
    this.#outstanding.delete(id);
    this.#rest();
    if (pending !== undefined) this.#owner.done(pending, byEnd);
    const resting = this.#pauseUntil > 0; // until then another link could not be used either
    if (this.#leaving !== undefined && !byEnd && !resting) this.#leave(this.#leaving);
  }

  /** Closes the link as soon as nothing is outstanding. */
  #leave(reason: string): void {
    this.#leaving = reason;
    if (this.#outstanding.size === 0 && !this.#over) this.#owner.retire(reason);
  }

  /** Gives the device its pause before the next request. */
  #rest(): void {
    const { clock } = this.#owner;
    const { gapMs } = this.#owner.options();
    if (gapMs === 0) return;
    this.#pauseUntil = clock.now() + gapMs;
    this.#pause?.cancel();
    this.#pause = clock.after(gapMs, () => {
      this.#pauseUntil = 0; // a timer may be early by a fraction of a millisecond
      if (this.#leaving === undefined) this.#owner.free();
      else this.#leave(this.#leaving);
    });
  }

  #expire(id: number, outstanding: Outstanding): void {
    const { protocol, answerMs } = this.#owner.options();
    const { pending, gathering } = outstanding;
    if (gathering) {
      this.#complete(id, outstanding, false);
      this.#owner.free();
      return;
    }
    this.#outstanding.delete(id);
    if (pending === undefined || pending.wanted) this.#owner.timedOut();
    if (pending !== undefined) this.#owner.failed(pending, "no answer");
    this.#lose(id);
    const now = this.#owner.clock.now();
    const silence = now - (this.#silentSince ?? now);
    if (pending === undefined) {
      this.#owner.renew("its probe was not answered");
    } else if (!protocol.hasIds) {
      this.#owner.renew(`no answer within ${answerMs / 1000} s: what comes next could be the answer to anything`);
    } else if (silence >= SILENT_LIMITS * answerMs) {
      this.#owner.renew(`no answers for ${(silence / 1000).toFixed(1)} s`);
    } else {
      this.#owner.free();
    }
  }

  /** An answer may still come to this id. */
  #lose(id: number): void {
    this.#lostIds.add(id);
    const [oldest] = this.#lostIds;
    if (this.#lostIds.size > MAX_LOST_IDS && oldest !== undefined) this.#lostIds.delete(oldest);
  }

  #distrust(what: string): void {
    this.#owner.unsolicited(what);
    this.#owner.renew(`it cannot be trusted any more: ${what}`);
  }

  /** Probes the link when it has been idle for its time. */
  #watch(): void {
    const { clock } = this.#owner;
    const { healthMs, probe, protocol, answerMs } = this.#owner.options();
    if (healthMs === 0 || probe === undefined) return;
    const idle = clock.now() - this.#lastUsed;
    this.#health = clock.after(Math.max(1, healthMs - idle), () => {
      if (this.#over) return;
      const [cut] = protocol.framing.requests().push(probe);
      const understood = protocol.interpret(probe, cut?.kind === "junk" ? undefined : cut?.head, "pass");
      const due = clock.now() - this.#lastUsed >= healthMs;
      if (due && understood.kind === "request" && this.free) {
        this.#send(understood.request, undefined, Math.min(answerMs, PROBE_MS));
      } else if (due) {
        this.#lastUsed = clock.now(); // it is in use, or about to go
      }
      if (!this.#over) this.#watch();
    });
  }
}
