import type { AnswerMatcher } from "../core/mux/answer-matcher.js";
import type { Awaiting, Match, MessageCut } from "../core/mux/match.js";
import type { Clock } from "../system/clock.js";
import { AnswerReader } from "./answer-reader.js";
import { Countdown } from "./countdown.js";
import type { DeviceConnection } from "./device-connection.js";

const SETTLE_MS = 200; // for the right answer to come instead of one with an id or unit of the device's own
const MAX_HALF_MS = 1000; // half a message that nobody asked for must end within this time: requests wait behind it

/** Told what the messages of a device are. */
export interface AnswerIntakeOwner<T> {
  readonly clock: Clock;
  /** The answer to this request, or a part of it; `atEof`: nothing follows on the connection. */
  answer(to: T, cut: MessageCut, atEof: boolean): void;
  /** A message to all clients. The bytes are lent. */
  event(bytes: Buffer): void;
  /** A message that answers nobody. */
  unsolicited(what: string): void;
  /** How this device writes its answers. */
  learned(what: string): void;
  /** The connection is of no use any more. */
  distrust(what: string): void;
  /** All messages that came are handed over. */
  caughtUp(): void;
  /** A request may go out. */
  ready(): void;
  /** A callback has thrown in a later pass of the event loop. */
  fault(error: unknown): void;
}

/** The incoming side of a connection: reads messages, and tells what the matcher makes of them, which may take a moment. */
export class AnswerIntake<T extends Awaiting> {
  readonly #matcher: AnswerMatcher<T>;
  readonly #owner: AnswerIntakeOwner<T>;
  readonly #reader: AnswerReader;
  /** Runs while the rest of a message is to come that no request waits for. */
  readonly #half: Countdown;
  /** Runs while an answer with an id or unit of the device's own is held. */
  readonly #settling: Countdown;
  #isStopped = false;

  constructor(
    connection: Pick<DeviceConnection, "pause" | "resume">,
    matcher: AnswerMatcher<T>,
    owner: AnswerIntakeOwner<T>,
  ) {
    this.#matcher = matcher;
    this.#owner = owner;
    this.#reader = new AnswerReader(connection, matcher.framing(), {
      cut: (cut, atEof) => this.#carryOut(matcher.match(cut, atEof), atEof),
      caughtUp: (heldBytes) => this.#caughtUp(heldBytes),
      ready: () => owner.ready(),
      fault: (error) => owner.fault(error),
    });
    this.#half = new Countdown(owner.clock, () => owner.distrust("half a message that no request waited for"));
    this.#settling = new Countdown(owner.clock, () => {
      this.#settle();
      owner.ready();
    });
  }

  /** Whether messages wait to be handed over, or half of one is there that no request waits for: no request may go out meanwhile. */
  get isReading(): boolean {
    return this.#reader.isReading || this.#half.running;
  }

  /** Whether an answer is held that {@link end} would take. */
  get isSettling(): boolean {
    return this.#settling.running;
  }

  /** Number of bytes of an incomplete message. */
  get held(): number {
    return this.#reader.held;
  }

  get isPaused(): boolean {
    return this.#reader.isPaused;
  }

  /** The device gets this request now. */
  expect(request: T): void {
    const framing = this.#matcher.framingOf(request);
    if (framing !== undefined) this.#reader.restart(framing);
    this.#reader.expect(request.bytes);
  }

  push(chunk: Buffer): void {
    if (this.#matcher.distrustsBytes) this.#owner.distrust(`${chunk.length} bytes that no request waited for`);
    else this.#reader.push(chunk);
  }

  /** The device has sent FIN: hands over everything at once. */
  end(): void {
    this.#reader.end();
    this.#settle();
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
  }

  /** Hands over nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#reader.stop();
    this.#half.cancel();
    this.#settling.cancel();
  }

  #carryOut(match: Match<T>, atEof: boolean): void {
    this.#half.cancel();
    switch (match.kind) {
      case "answer":
        this.#settling.cancel();
        if (match.dropped !== undefined) this.#owner.unsolicited(match.dropped);
        if (match.learned !== undefined) this.#owner.learned(match.learned);
        this.#owner.answer(match.to, match.cut, atEof);
        break;
      case "held":
        this.#settling.start(SETTLE_MS);
        break;
      case "echo":
        if (match.learned !== undefined) this.#owner.learned(match.learned);
        break;
      case "event":
        this.#owner.event(match.bytes);
        break;
      case "unsolicited":
        this.#owner.unsolicited(match.what);
        break;
      case "suspect":
        this.#owner.distrust(match.what);
        break;
    }
  }

  /** Takes the answer that is held, if one is. */
  #settle(): void {
    this.#settling.cancel();
    if (!this.#isStopped) this.#reader.settle();
    const match = this.#isStopped ? undefined : this.#matcher.settle();
    if (match !== undefined) this.#carryOut(match, false);
  }

  #caughtUp(heldBytes: number): void {
    this.#owner.caughtUp();
    if (this.#isStopped) return;
    this.#matcher.caughtUp(heldBytes);
    if (heldBytes > 0 && this.#matcher.distrustsBytes) {
      this.#owner.distrust(`${heldBytes} bytes of a message behind the answer`);
      return;
    }
    if (this.#reader.settles) this.#settling.start(SETTLE_MS);
    if (heldBytes > 0 && this.#matcher.awaitsEnd && !this.#half.running) this.#half.start(MAX_HALF_MS);
  }
}
