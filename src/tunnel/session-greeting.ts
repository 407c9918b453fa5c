import type { Farewell } from "../core/tunnel/farewell.js";
import { FrameReader } from "../core/tunnel/frame-reader.js";
import { frameOf, type SendableCommand, type TunnelCommand } from "../core/tunnel/frames.js";
import { endedBy, IGNORE_EVENTS } from "../sockets/end.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { Clock, Timer } from "../system/clock.js";
import type { ResumableEnd } from "./resumable-end.js";

/** The server answers within this time, or another connection is tried: as long as for the connection itself. */
const ANSWER_WITHIN_MS = 3000;

/** What becomes of a greeting; one of them is told, once. */
export interface GreetingEvents {
  /** The session is about to go on over the connection. */
  resumed(): void;
  /** The session is over: the server knows nothing of it. The connection is good for a new link. */
  refused(): void;
  /** The server has ended the connection on purpose. */
  dismissed(farewell: Farewell): void;
  /** The connection is lost; another one may do better. */
  failed(reason: string): void;
}

/**
 * What a device says on a new connection to go on with a session, and what the server answers. Until it is over, the connection belongs to
 * neither a link nor a session: what comes behind the answer is the session's stream.
 */
export class SessionGreeting {
  readonly #end: StreamEnd;
  readonly #session: ResumableEnd;
  readonly #events: GreetingEvents;
  readonly #limit: Timer;
  readonly #frames = new FrameReader();
  #isOver = false;

  /**
   * @param end connected, and paused
   * @param introduction name and secret of the device
   */
  constructor(
    end: StreamEnd,
    session: ResumableEnd,
    introduction: readonly SendableCommand[],
    clock: Clock,
    events: GreetingEvents,
  ) {
    this.#end = end;
    this.#session = session;
    this.#events = events;
    this.#limit = clock.after(ANSWER_WITHIN_MS, () => this.#fail(`no answer within ${ANSWER_WITHIN_MS / 1000} s`));
    end.events = {
      ...IGNORE_EVENTS,
      data: (chunk) => this.#receive(chunk),
      eof: () => this.#fail(endedBy("remote")),
      closed: (error) => this.#fail(endedBy("remote", error)),
      fault: (error) => session.events.fault(error),
    };
    const { terms, received } = session;
    const commands: SendableCommand[] = [{ kind: "session", ...terms, received }, ...introduction];
    end.write(Buffer.concat(commands.map(frameOf)));
    end.resume();
  }

  /** Nobody waits for the answer any more. Nothing is told. */
  abort(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#end.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#frames.push(chunk);
    while (!this.#isOver) {
      const command = this.#frames.take();
      if (command === undefined) return;
      this.#handle(command);
    }
  }

  #handle(command: TunnelCommand): void {
    if (command.kind === "session" && command.id.equals(this.#session.terms.id)) this.#goOn(command.received);
    else if (command.kind === "session" || command.kind === "no-session") {
      this.#end.pause();
      this.#finish();
      this.#events.refused();
    } else if (command.kind === "bye") {
      this.abort();
      this.#events.dismissed(command);
    }
  }

  #goOn(received: number): void {
    this.#finish();
    this.#events.resumed();
    const early = this.#frames.takeRest();
    if (!this.#session.goOn(this.#end, received, early)) this.#end.destroy(); // the session has told its link
  }

  #fail(reason: string): void {
    this.abort();
    this.#events.failed(reason);
  }

  #finish(): void {
    this.#isOver = true;
    this.#limit.cancel();
    this.#end.events = IGNORE_EVENTS;
  }
}
