import { closeSync, openSync, read, readSync } from "node:fs";
import { setImmediate as nextPass } from "node:timers/promises";
import { promisify } from "node:util";
import {
  forEachSocketLine,
  type PeerState,
  pairKey,
  parseSocketRow,
  peerState,
  type SocketRow,
} from "../core/net/proc-net-tcp.js";
import type { Clock, Timer } from "./clock.js";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const MIN_PERIOD_MS = 100; // from the start of one reading to the next, however many questions there are
const MAX_PERIOD_MS = 2000; // a reading that seems longer was interrupted: the process stood still
const MAX_SHARE = 0.1; // of the time for reading a long table: 60,000 rows take the kernel 100 ms
const URGENT_PERIOD_MS = 2; // the least where bytes wait for the answer
const URGENT_SHARE = 0.25;
/**
 * A table that was read as fast as this is read at once, and not by another thread: that takes less than half the time and the CPU where the
 * kernel's own table has some thousand places, as that of a small machine has.
 */
const SHORT_MS = 2;
/** Patience of callers that ask about many sockets: one reading answers them all. */
export const GATHER_MS = 1000;
const CHUNK = 65_536; // bytes; the kernel fills one page at a time, with about thirty rows
const ANSWERS_AT_ONCE = 32; // each may end a connection

/** The row of a socket, if it has one. Not known: the table cannot be read, or the system has none. */
export type Answer = { readonly known: true; readonly row: SocketRow | undefined } | { readonly known: false };

const UNKNOWN: Answer = { known: false };

const readByOtherThread = promisify(read);

type Questions = Map<string, ((answer: Answer) => void)[]>;

/**
 * The kernel's table of TCP sockets (`/proc/net/tcp`). The table may be long, so one reading answers all questions that have been asked
 * before it began: an answer is never older than its question.
 */
export class SocketTable {
  readonly #clock: Clock;
  readonly #paths: readonly string[];
  /** Questions for the next reading, by {@link pairKey}. */
  #questions: Questions = new Map();
  /** When the least patient of them wants its answer, by the monotonic clock. */
  #wantedAt = Number.POSITIVE_INFINITY;
  /** The same of the questions for whose answers bytes wait. */
  #urgentAt = Number.POSITIVE_INFINITY;
  /** No reading begins before this time. */
  #restUntil = Number.NEGATIVE_INFINITY;
  /** The same where bytes wait for the answer. */
  #urgentFrom = Number.NEGATIVE_INFINITY;
  /** The last reading took less than {@link SHORT_MS}. */
  #isShort = false;
  #reading = false;
  #timer: Timer | undefined;

  /** @param paths the files of the table */
  constructor(clock: Clock, paths = TABLES) {
    this.#clock = clock;
    this.#paths = paths;
  }

  /**
   * Finds a socket of this machine.
   *
   * @param local the socket's own end, as {@link endpointKey} makes it
   * @param remote the other end
   * @param patienceMs how long the answer may wait for further questions
   * @returns undefined when there is no such socket, or when the table cannot be read
   */
  async row(local: string, remote: string, patienceMs = 0): Promise<SocketRow | undefined> {
    const answer = await this.#ask(local, remote, patienceMs);
    return answer.known ? answer.row : undefined;
  }

  /**
   * Finds both sockets of a connection. Tells a socket that is gone from a table that cannot be read.
   *
   * @param isUrgent bytes wait for the answer: the table may be read sooner again than for others
   */
  async pair(own: string, peer: string, isUrgent: boolean): Promise<readonly [Answer, Answer]> {
    const answers = [this.#ask(own, peer, 0, isUrgent), this.#ask(peer, own, 0, isUrgent)] as const;
    return Promise.all(answers);
  }

  /** The state of the peer of one of our sockets: `present` when the table cannot be read. */
  async peerState(own: string, peer: string, patienceMs = 0): Promise<PeerState> {
    const answers = [this.#ask(own, peer, patienceMs), this.#ask(peer, own, patienceMs)] as const;
    const [ours, theirs] = await Promise.all(answers);
    return ours.known && theirs.known ? peerState(ours.row, theirs.row) : "present";
  }

  #ask(local: string, remote: string, patienceMs: number, isUrgent = false): Promise<Answer> {
    return new Promise((resolve) => {
      const pair = pairKey(local, remote);
      const others = this.#questions.get(pair);
      if (others === undefined) this.#questions.set(pair, [resolve]);
      else others.push(resolve);
      const at = this.#clock.now() + patienceMs;
      if (at >= (isUrgent ? this.#urgentAt : this.#wantedAt)) return;
      if (isUrgent) this.#urgentAt = at;
      else this.#wantedAt = at;
      this.#plan();
    });
  }

  /** Begins the next reading as soon as it is wanted and allowed. */
  #plan(): void {
    this.#timer?.cancel();
    if (this.#reading || this.#questions.size === 0) return;
    const at = Math.min(Math.max(this.#wantedAt, this.#restUntil), Math.max(this.#urgentAt, this.#urgentFrom));
    const ms = at - this.#clock.now();
    if (ms <= 0) void this.#read();
    else this.#timer = this.#clock.after(Math.ceil(ms), () => this.#plan());
  }

  async #read(): Promise<void> {
    this.#reading = true;
    await nextPass(); // further questions of this pass of the event loop get the same answer
    const questions = this.#questions;
    this.#questions = new Map();
    this.#wantedAt = Number.POSITIVE_INFINITY;
    this.#urgentAt = Number.POSITIVE_INFINITY;
    const since = this.#clock.now();
    const lines = await this.#find(questions);
    const tookMs = this.#clock.now() - since;
    this.#restUntil = since + Math.min(MAX_PERIOD_MS, Math.max(MIN_PERIOD_MS, tookMs / MAX_SHARE));
    this.#urgentFrom = since + Math.min(MAX_PERIOD_MS, Math.max(URGENT_PERIOD_MS, tookMs / URGENT_SHARE));
    this.#isShort = tookMs < SHORT_MS;
    this.#reading = false;
    this.#plan();
    await answerAll(questions, lines);
  }

  /** The lines of the sockets in question; undefined when the tables cannot be read or are empty. Reads until it has all. */
  async #find(questions: Questions): Promise<Map<string, string> | undefined> {
    const lines = new Map<string, string>();
    let isEmpty = true;
    const take = (text: string): boolean => {
      const isAny = forEachSocketLine(text, (pair, line) => {
        if (questions.has(pair)) lines.set(pair, line);
      });
      if (isAny) isEmpty = false;
      return lines.size < questions.size;
    };
    try {
      for (const path of this.#paths) {
        if (!(await eachPiece(path, this.#isShort, take))) break;
      }
    } catch {
      return undefined;
    }
    return isEmpty ? undefined : lines;
  }
}

/** @param lines undefined: the table cannot be read */
async function answerAll(questions: Questions, lines: ReadonlyMap<string, string> | undefined): Promise<void> {
  let count = 0;
  for (const [pair, resolvers] of questions) {
    const line = lines?.get(pair);
    const row = line === undefined ? undefined : parseSocketRow(line);
    const answer: Answer = lines === undefined ? UNKNOWN : { known: true, row };
    for (const resolve of resolvers) {
      resolve(answer);
      count += 1;
      if (count % ANSWERS_AT_ONCE === 0) await nextPass();
    }
  }
}

/**
 * Reads a table in pieces of whole lines: a table of a hundred thousand rows must not block the event loop.
 *
 * @param isShort read at once for {@link SHORT_MS}, and only the rest by another thread
 * @param take returns whether more is wanted
 * @returns whether more is wanted than the table has
 */
async function eachPiece(path: string, isShort: boolean, take: (text: string) => boolean): Promise<boolean> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true; // a kernel without IPv6 has no second table
    throw error;
  }
  const shortUntil = isShort ? performance.now() + SHORT_MS : 0; // not the injected clock: the time that this thread is held up
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    let rest = "";
    for (;;) {
      const count =
        performance.now() < shortUntil
          ? readSync(file, buffer, 0, CHUNK, null)
          : (await readByOtherThread(file, buffer, 0, CHUNK, null)).bytesRead;
      if (count === 0) return true;
      const text = rest + buffer.toString("latin1", 0, count);
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      if (!take(text.slice(0, end))) return false;
    }
  } finally {
    closeSync(file);
  }
}
