import { type FileHandle, open } from "node:fs/promises";
import { setImmediate as nextPass } from "node:timers/promises";
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
const LEAST_MS = 100; // from the beginning of one reading to the next, however many ask
const MOST_MS = 2000; // and this at most: the process may have stood still in the middle of one
const MOST_OF_THE_TIME = 0.5; // that goes into reading a long table: other files are read by the same threads
/** How long those who ask about many sockets wait, so that one reading answers them all. */
export const GATHER_MS = 1000;
const CHUNK = 65_536; // the kernel gives a page at a time, of some thirty rows
const ANSWERS_AT_ONCE = 32; // each may lead to the end of a connection

/** What the table tells. Unknown: it cannot be read, as where there is none. */
type Answer = { readonly known: true; readonly row: SocketRow | undefined } | { readonly known: false };

const UNKNOWN: Answer = { known: false };

type Questions = Map<string, ((answer: Answer) => void)[]>;

/**
 * The kernel's table of TCP sockets. It may be long: so questions are gathered, it is read for all of them together, and answers
 * tell what was so after the question.
 */
export class SocketTable {
  readonly #clock: Clock;
  readonly #paths: readonly string[];
  /** To be answered by the next reading, by {@link pairKey}. */
  #questions: Questions = new Map();
  /** When the first of them wants it, by the clock. */
  #wantedAt = Number.POSITIVE_INFINITY;
  /** No reading begins before. */
  #restUntil = Number.NEGATIVE_INFINITY;
  #reading = false;
  #timer: Timer | undefined;

  /** @param paths where the kernel keeps it */
  constructor(clock: Clock, paths = TABLES) {
    this.#clock = clock;
    this.#paths = paths;
  }

  /**
   * Finds a socket of this machine.
   *
   * @param local its own end, as {@link endpointKey} makes it
   * @param remote the other end
   * @param patienceMs how long the reading may be put off: others who ask meanwhile are answered by the same
   * @returns nothing when there is none, or that cannot be known
   */
  async row(local: string, remote: string, patienceMs = 0): Promise<SocketRow | undefined> {
    const answer = await this.#ask(local, remote, patienceMs);
    return answer.known ? answer.row : undefined;
  }

  /** What has become of the peer of one of our sockets; it counts as present when that cannot be known. */
  async peerState(own: string, peer: string, patienceMs = 0): Promise<PeerState> {
    const asked = [this.#ask(own, peer, patienceMs), this.#ask(peer, own, patienceMs)] as const;
    const [ours, theirs] = await Promise.all(asked);
    return ours.known && theirs.known ? peerState(ours.row, theirs.row) : "present";
  }

  #ask(local: string, remote: string, patienceMs: number): Promise<Answer> {
    return new Promise((resolve) => {
      const pair = pairKey(local, remote);
      const others = this.#questions.get(pair);
      if (others === undefined) this.#questions.set(pair, [resolve]);
      else others.push(resolve);
      const at = this.#clock.now() + patienceMs;
      if (at >= this.#wantedAt) return;
      this.#wantedAt = at;
      this.#plan();
    });
  }

  /** Has the next reading begin as soon as it is wanted and allowed. */
  #plan(): void {
    this.#timer?.cancel();
    if (this.#reading || this.#questions.size === 0) return;
    const ms = Math.max(this.#wantedAt, this.#restUntil) - this.#clock.now();
    if (ms <= 0) void this.#read();
    else this.#timer = this.#clock.after(Math.ceil(ms), () => this.#plan());
  }

  async #read(): Promise<void> {
    this.#reading = true;
    await nextPass(); // who asks at the same time is answered at the same time
    const questions = this.#questions;
    this.#questions = new Map();
    this.#wantedAt = Number.POSITIVE_INFINITY;
    const since = this.#clock.now();
    const lines = await this.#find(questions);
    const tookMs = this.#clock.now() - since;
    this.#restUntil = since + Math.min(MOST_MS, Math.max(LEAST_MS, tookMs / MOST_OF_THE_TIME));
    this.#reading = false;
    this.#plan();
    await answerAll(questions, lines);
  }

  /** The lines that are asked for; nothing when the tables cannot be read, or there are none. */
  async #find(questions: Questions): Promise<Map<string, string> | undefined> {
    const lines = new Map<string, string>();
    let isEmpty = true;
    try {
      for (const path of this.#paths) {
        await eachPiece(path, (text) =>
          forEachSocketLine(text, (pair, line) => {
            isEmpty = false;
            if (questions.has(pair)) lines.set(pair, line);
          }),
        );
      }
    } catch {
      return undefined;
    }
    return isEmpty ? undefined : lines;
  }
}

/** @param lines nothing: they cannot be known */
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

/** Reads a table piece by piece, so that one of a hundred thousand rows holds up nobody. Pieces end at the end of a line. */
async function eachPiece(path: string, take: (text: string) => void): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // no IPv6, no table
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK);
    let rest = "";
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return;
      const text = rest + buffer.toString("latin1", 0, bytesRead);
      const end = text.lastIndexOf("\n") + 1;
      rest = text.slice(end);
      take(text.slice(0, end));
    }
  } finally {
    await file.close();
  }
}
