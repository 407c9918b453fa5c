import type { Question, ReadFunction } from "../core/doctor/frames.js";
import { type IdPair, questionId } from "../core/doctor/ids.js";
import { MODBUS_FORMS, type ModbusName } from "../core/mux/modbus-forms.js";
import type { HostPort } from "../core/net/address.js";
import type { RaceContext } from "../sockets/host-race.js";
import type { Clock } from "../system/clock.js";
import { Link, type Reply } from "./link.js";

const CONNECT_LIMIT_MS = 4000;
/** A device may still hold the connection before: it is tried again after this time. */
const AGAIN_MS = 300;
const ATTEMPTS = 5;
/** So long a device may take to notice that a connection is over. */
const PARTING_MS = 50;
/** A device is not ready at the same moment behind each connect: it is asked so much later. */
const READY_MARGIN_MS = 100;
/** So many right ids in a row: from then on only right ones count. */
const RIGHT_IDS = 2;

/** The examination was interrupted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** The time for the examination is over. */
export class OutOfTime extends Error {
  override readonly name = "OutOfTime";
}

/** What to examine, and for how long. */
export interface ExaminationOptions {
  readonly target: HostPort;
  readonly unit: number;
  /** As on the wire, from 0. */
  readonly register: number;
  /** For the whole examination, in milliseconds. */
  readonly withinMs: number;
}

/** The device under examination: how it is spoken to, as far as that is known. Times in milliseconds. */
export class DeviceUnderTest {
  readonly clock: Clock;
  readonly unit: number;
  readonly register: number;
  code: ReadFunction = 3;
  framing: ModbusName = "modbus";
  /** From a connect to the first question. */
  readyMs = 0;
  /** Between an answer and the next question. */
  gapMs = 0;
  /** Whether the device ends a link behind each answer. */
  closesAfterAnswer = false;
  /** How long an answer is waited for. */
  answerMs = 4000;
  /** The time that half of the answers take. */
  typicalMs = 0;
  readonly idPairs: IdPair[] = [];
  readonly #target: HostPort;
  readonly #names: RaceContext["names"];
  readonly #signal: AbortSignal;
  readonly #deadline: number;
  readonly #links = new Set<Link>();
  #asked = 0;

  /** @param signal interrupts the examination: whatever is under way throws {@link Interrupted}; {@link OutOfTime} when its time is over */
  constructor(
    { target, unit, register, withinMs }: ExaminationOptions,
    { clock, names }: RaceContext,
    signal: AbortSignal,
  ) {
    this.#target = target;
    this.unit = unit;
    this.register = register;
    this.clock = clock;
    this.#names = names;
    this.#signal = signal;
    this.#deadline = clock.now() + withinMs;
    signal.addEventListener("abort", () => this.disconnect());
  }

  /** What is left of the time for the examination. */
  get remainingMs(): number {
    return Math.max(0, this.#deadline - this.clock.now());
  }

  /** Whether questions and answers carry ids. */
  get hasIds(): boolean {
    return MODBUS_FORMS[this.framing].hasIds;
  }

  /** Closes all connections. */
  disconnect(): void {
    for (const link of this.#links) link.close();
    this.#links.clear();
  }

  async pause(ms: number): Promise<void> {
    this.#checkTime();
    await new Promise<void>((resolve) => {
      const over = (): void => {
        this.#signal.removeEventListener("abort", over);
        timer.cancel();
        resolve();
      };
      const timer = this.clock.after(ms, over);
      this.#signal.addEventListener("abort", over);
    });
    this.#checkTime();
  }

  /** Connects once. @returns the link, or why there is none */
  async connect(): Promise<Link | Error> {
    this.#checkTime();
    const link = await Link.open(
      this.#target,
      { clock: this.clock, names: this.#names },
      Math.min(CONNECT_LIMIT_MS, this.remainingMs),
    );
    if (link instanceof Link) this.#links.add(link);
    this.#checkTime();
    return link;
  }

  /** Connects and waits until the device is ready, several times where that fails. @returns the link, or nothing */
  async link(): Promise<Link | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) await this.pause(AGAIN_MS);
      const link = await this.connect();
      if (!(link instanceof Link)) continue;
      await this.becomeReady();
      if (link.isOpen) return link;
    }
    return undefined;
  }

  /** Waits behind a connect until the device is ready. */
  async becomeReady(): Promise<void> {
    if (this.readyMs > 0) await this.pause(this.readyMs + READY_MARGIN_MS);
  }

  /** A question with an id of its own. */
  question(count = 1): Question {
    const id = questionId(this.#asked);
    this.#asked += 1;
    return { id, unit: this.unit, code: this.code, register: this.register, count };
  }

  /** Asks for so many registers on a link. */
  async ask(link: Link, count = 1, withinMs = this.answerMs, settleMs = 0): Promise<Reply> {
    this.#checkTime();
    const question = this.question(count);
    const recent = this.idPairs.slice(-RIGHT_IDS);
    const keepsIds = recent.length === RIGHT_IDS && recent.every(([asked, answered]) => asked === answered);
    const reply = await link.ask(this.framing, question, Math.min(withinMs, this.remainingMs), { keepsIds, settleMs });
    this.#checkTime();
    if (reply.kind === "answer" && reply.answer.id !== undefined) this.idPairs.push([question.id, reply.answer.id]);
    return reply;
  }

  /** Closes a link, and lets the device notice. */
  async part(link: Link | undefined): Promise<void> {
    if (link === undefined) return;
    link.close();
    this.#links.delete(link);
    await this.pause(PARTING_MS);
  }

  /** @throws {Interrupted | OutOfTime} */
  #checkTime(): void {
    if (this.#signal.aborted) throw new Interrupted();
    if (this.remainingMs === 0) throw new OutOfTime();
  }
}
