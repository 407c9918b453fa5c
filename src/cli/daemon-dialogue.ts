import type { Socket } from "node:net";
import { explainDialFailure } from "../dial/dial-error.js";
import type { Names } from "../names/names.js";
import { systemClock } from "../system/clock.js";
import { commandNames } from "./command-names.js";
import { connectToDaemon } from "./daemon-connection.js";
import { type DaemonPlace, nameOf } from "./daemon-place.js";
import type { Complain } from "./outcome.js";

const CONNECT_MS = 10_000;
const CONNECT_HERE_MS = 5000; // to a socket of this machine
const MAX_ANSWER_BYTES = 64 << 20; // STAT JSON has some 600 bytes a connection, and nobody has 100,000 of them
const KEEPALIVE_MS = 30_000; // a daemon whose machine is gone says nothing
const NEWLINE = 0x0a;
const GREETING = /^OK TOGGLEDBITS-SOCKPROXY \d+ (\w+)$/;

/** The message for a daemon, or something else, that does not talk with us. */
const NO_ANSWER = "it closes the connection without an answer; [access] may not let this machine in";

/** What became of a talk with a daemon. */
export type Talk<T> =
  | { readonly kind: "told"; readonly value: T }
  /** Nobody listens there. */
  | { readonly kind: "absent"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };

/** Commands to a running daemon and its answers, one after the other. */
export class DaemonDialogue {
  readonly #socket: Socket;
  readonly #lines: AsyncGenerator<string, void>;
  #id = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = linesOf(socket);
    socket.on("error", () => {}); // reading reports it
  }

  /**
   * Connects to a daemon and reads its greeting.
   *
   * @param signal ends the connection, now or later
   */
  static async open(place: DaemonPlace, names: Names, signal: AbortSignal): Promise<DaemonDialogue> {
    const tooLong = new AbortController();
    const limitMs = "path" in place.address ? CONNECT_HERE_MS : CONNECT_MS;
    const limit = systemClock.after(limitMs, () => tooLong.abort());
    let socket: Socket;
    try {
      socket = await connectToDaemon(place, names, AbortSignal.any([signal, tooLong.signal]));
    } catch (error) {
      throw tooLong.signal.aborted ? new Error("timed out", { cause: error }) : error;
    } finally {
      limit.cancel();
    }
    const dialogue = new DaemonDialogue(socket);
    const greeting = await dialogue.#line(limitMs);
    const [, id] = GREETING.exec(greeting) ?? [];
    if (id !== undefined) {
      dialogue.#id = id;
      return dialogue;
    }
    dialogue.close();
    if (greeting.startsWith("ERR ")) throw new Error(greeting); // [access] does not let us in
    throw new Error(`what listens there is no sockproxyd, it says "${greeting.trimEnd().slice(0, 80)}"`);
  }

  /** The id of this connection, as the status of the daemon has it. */
  get id(): string {
    return this.#id;
  }

  /**
   * Says a command that has one line of reply.
   *
   * @param limitMs the longest time until that comes
   * @throws when there is none
   */
  async ask(command: string, limitMs: number): Promise<string> {
    this.#socket.write(`${command}\n`);
    return this.#line(limitMs);
  }

  /** All that the daemon says from now on, line by line, until the connection ends. A line without end is an error. */
  rest(): AsyncGenerator<string, void> {
    this.#socket.setKeepAlive(true, KEEPALIVE_MS);
    return this.#lines;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #line(limitMs: number): Promise<string> {
    const late = new Error(`no answer within ${limitMs / 1000} s`);
    const limit = systemClock.after(limitMs, () => this.#socket.destroy(late));
    try {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(NO_ANSWER);
      return value;
    } finally {
      limit.cancel();
    }
  }
}

/** The lines of a socket, without their ends. */
async function* linesOf(socket: Socket): AsyncGenerator<string, void> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, at)]).toString();
      parts = [];
      bytes = 0;
      from = at + 1;
      yield line;
    }
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > MAX_ANSWER_BYTES) throw new Error("its answer has no end");
  }
}

/**
 * Talks with a daemon, and puts what fails into words.
 *
 * @param talk gets the dialogue, which is closed behind it
 */
export async function talkTo<T>(
  place: DaemonPlace,
  complain: Complain,
  talk: (dialogue: DaemonDialogue) => Promise<T>,
): Promise<Talk<T>> {
  const names = commandNames(complain);
  let dialogue: DaemonDialogue | undefined;
  try {
    dialogue = await DaemonDialogue.open(place, names, new AbortController().signal);
    return { kind: "told", value: await talk(dialogue) };
  } catch (error) {
    const message = `${nameOf(place)}: ${explainDialFailure(error as Error)}`;
    return isRefused(error)
      ? { kind: "absent", message: `${message}: no daemon listens there` }
      : { kind: "failed", message };
  } finally {
    dialogue?.close();
    names.close();
  }
}

/** Nobody listens: at a port, or at a path, which may lead through a file or, since Node.js 24, be too long for a socket. */
const ABSENT = ["ECONNREFUSED", "ENOENT", "ENOTDIR", "EINVAL"];

/** Whether nobody listens: of several addresses of a name, at none of them. */
function isRefused(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isRefused);
  return ABSENT.includes((error as NodeJS.ErrnoException).code ?? "");
}
