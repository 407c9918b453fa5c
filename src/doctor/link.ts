import type { Socket } from "node:net";
import { encode, type FoundAnswer, findAnswers, type Question } from "../core/doctor/frames.js";
import type { ModbusName } from "../core/mux/modbus-forms.js";
import type { HostPort } from "../core/net/address.js";
import { formatSeconds } from "../core/parse/duration.js";
import type { RaceContext } from "../sockets/host-race.js";
import { reachHost } from "../sockets/reach-host.js";
import type { Clock } from "../system/clock.js";

/** An answer to a question. */
export interface Answered {
  readonly kind: "answer";
  readonly answer: FoundAnswer;
  /** From the question to the last byte that has come, in milliseconds. */
  readonly ms: number;
  /** Whether the question came back first. */
  readonly echoed: boolean;
  /** Other bytes that came since the question before. */
  readonly unaskedBytes: number;
}

/** What became of a question. */
export type Reply = Answered | { readonly kind: "silence" | "closed" };

/** What counts as an answer. */
interface Expectation {
  /** Whether only an answer with the id of the question counts. */
  readonly keepsIds: boolean;
  /** How long a found answer waits for more bytes, in milliseconds: a CRC behind it, or an answer with the right id. */
  readonly settleMs: number;
}

/** More than a device sends around one answer: a device that never stops costs no memory. */
const MOST_BYTES = 65_536;

/** A connection of the doctor to the device. */
export class Link {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #openedAt: number;
  #closedAt: number | undefined;
  #bytes = Buffer.alloc(0);
  /** When the last bytes came. */
  #lastAt: number;
  /** Those who wait for bytes or the end. */
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#lastAt = this.#openedAt;
    socket.on("data", (chunk: Buffer) => {
      this.#lastAt = clock.now();
      if (this.#bytes.length < MOST_BYTES) this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#look();
    });
    const ended = (): void => {
      this.#closedAt ??= clock.now();
      this.#look();
    };
    socket.on("error", () => {}); // its close follows
    socket.on("end", ended);
    socket.on("close", ended);
  }

  /**
   * Connects.
   *
   * @param withinMs the limit, in milliseconds
   * @returns the link, or why there is none
   */
  static open(target: HostPort, context: RaceContext, withinMs: number): Promise<Link | Error> {
    const { clock } = context;
    return new Promise((resolve) => {
      const settle = (result: Link | Error): void => {
        timer.cancel();
        resolve(result);
      };
      const timer = clock.after(withinMs, () => {
        attempt.cancel();
        settle(new Error(`no connection within ${formatSeconds(withinMs)}`));
      });
      const attempt = reachHost(target, { noDelay: true }, context, {
        connected: (socket) => settle(new Link(socket, clock)),
        failed: settle,
      });
    });
  }

  get isOpen(): boolean {
    return this.#closedAt === undefined;
  }

  /** How long the connection has been open, or was, in milliseconds. */
  get ageMs(): number {
    return (this.#closedAt ?? this.#clock.now()) - this.#openedAt;
  }

  /** From the last bytes to the end of the connection, or to now, in milliseconds. */
  get quietMs(): number {
    return (this.#closedAt ?? this.#clock.now()) - this.#lastAt;
  }

  /** Takes the bytes that have come. */
  take(): Buffer {
    const bytes = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    return bytes;
  }

  write(bytes: Buffer): void {
    if (this.isOpen) this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  /**
   * Waits until `find` finds something in the bytes that have come. The bytes stay.
   *
   * @param withinMs the limit, in milliseconds
   * @returns what it has found; nothing when the connection has ended, or the time is over
   */
  until<T>(find: (bytes: Buffer) => T | undefined, withinMs: number): Promise<T | undefined> {
    return new Promise((resolve) => {
      const look = (isOver: boolean): void => {
        const found = find(this.#bytes);
        if (found === undefined && this.isOpen && !isOver) return;
        timer.cancel();
        this.#waiting.delete(waiting);
        resolve(found);
      };
      const waiting = (): void => look(false);
      const timer = this.#clock.after(withinMs, () => look(true));
      this.#waiting.add(waiting);
      waiting();
    });
  }

  /** Waits for the end of the connection, for so many milliseconds at most; reads on. */
  async ended(withinMs: number): Promise<void> {
    await this.until(() => undefined, withinMs);
  }

  /** Asks one question and waits for its answer, for so many milliseconds at most. */
  async ask(
    framing: ModbusName,
    question: Question,
    withinMs: number,
    { keepsIds, settleMs }: Expectation,
  ): Promise<Reply> {
    const before = this.take().length;
    const asked = encode(framing, question);
    const since = this.#clock.now();
    this.write(asked);
    const best = (bytes: Buffer): FoundAnswer | undefined => {
      const found = findAnswers(framing, bytes, question.code);
      const own = found.find(({ id }) => id === undefined || id === question.id);
      return own ?? (keepsIds ? undefined : found[0]);
    };
    const first = await this.until(best, withinMs);
    if (first === undefined) return { kind: this.isOpen ? "silence" : "closed" };
    const ms = this.#lastAt - since;
    if (settleMs > 0) await this.ended(settleMs);
    const answer = best(this.#bytes) ?? first;
    const bytes = this.take();
    const echoAt = bytes.indexOf(asked);
    const echoed = echoAt >= 0 && echoAt < answer.start;
    const around = bytes.length - (answer.end - answer.start) - (echoed ? asked.length : 0);
    return { kind: "answer", answer, ms, echoed, unaskedBytes: before + around };
  }

  #look(): void {
    for (const waiting of [...this.#waiting]) waiting();
  }
}
