import { lookup } from "node:dns";
import { Deque } from "../core/collections/deque.js";
import { FAMILIES, type HostAddress } from "../core/names/host-address.js";
import { queueJob } from "../scheduling/round-robin.js";
import type { Clock, Timer } from "../system/clock.js";
import { type GetentAnswer, GetentProgram } from "./getent-program.js";

/** Names at a time. */
const MAX_NAMES = 8; // each has two programs
const MAX_THREADS = 2; // of the four that Node has
/** Names that wait for their turn. Of more, the oldest is given up. */
const MAX_WAITING = 256;
/** While others wait, a name has so long: a device that is there answers multicast DNS in less. */
const TURN_MS = 1000;
/** Longest time for one name, its turn included. Multicast DNS takes 5 s to find nothing (avahi). */
const LIMIT_MS = 6000;
/** When one family is found, the other one has so long. */
const OTHER_FAMILY_MS = 50;

/** Undefined: there was no answer. */
type Addresses = readonly HostAddress[] | undefined;

/** One name, from its question to its answer. */
class SystemQuestion {
  readonly name: string;
  readonly answer: Promise<Addresses>;
  isOver = false;
  readonly #clock: Clock;
  readonly #programs: GetentProgram[] = [];
  readonly #found: HostAddress[] = [];
  #limit: Timer;
  #resolve: (addresses: Addresses) => void = () => {};

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.#clock = clock;
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#limit = clock.after(LIMIT_MS, () => this.giveUp());
  }

  /** Ends it with what has been found until now. */
  giveUp(): void {
    this.settle(this.#found.length > 0 ? this.#found : undefined);
  }

  settle(addresses: Addresses): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#limit.cancel();
    for (const program of this.#programs) program.kill();
    this.#resolve(addresses);
  }

  /**
   * Asks for each family by itself: where one of them has no answer, the other one may.
   *
   * @param cannotRun called when the program is missing here
   */
  run(cannotRun: () => void): void {
    let open = FAMILIES.length;
    let isMissing = false;
    let isSilent = false;
    const ended = (answer: GetentAnswer): void => {
      if (this.isOver || isMissing) return;
      if (answer === "missing") {
        isMissing = true;
        cannotRun();
        return;
      }
      open -= 1;
      if (answer === "silence") isSilent = true;
      else this.#found.push(...answer);
      if (open > 0) {
        if (this.#found.length > 0) this.#limitTo(OTHER_FAMILY_MS);
      } else if (isSilent) this.giveUp();
      else this.settle(this.#found);
    };
    for (const family of FAMILIES) {
      const start = (): void => {
        if (!this.isOver && !isMissing) this.#programs.push(new GetentProgram(this.name, family, ended));
      };
      queueJob(start); // it takes 2 ms or more
    }
  }

  #limitTo(ms: number): void {
    this.#limit.cancel();
    this.#limit = this.#clock.after(ms, () => this.giveUp());
  }
}

/**
 * Asks the system's own resolver, `getaddrinfo`: it knows multicast DNS, search domains, and whatever `/etc/nsswitch.conf` names.
 *
 * `getaddrinfo` blocks its thread for as long as it likes, and nothing ends it. In a thread of Node a silent name server would delay other
 * names, files, and the end of the process. So it runs in a small program, `getent`, which can be ended. Systems without that program use
 * threads, but not all of them.
 *
 * Of the names that wait, the newest has the next turn: most of the older ones have nobody who waits for them any more.
 */
export class SystemResolver {
  readonly #clock: Clock;
  /** The newest at the back. */
  readonly #waiting = new Deque<SystemQuestion>();
  /** Each in a program or a thread, with the time when its turn is over. */
  readonly #running = new Map<SystemQuestion, number>();
  /** All that are not over, by name. */
  readonly #questions = new Map<string, SystemQuestion>();
  #hasGetent = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The addresses of a name in the system's order; undefined when there is no answer in time. Each name is asked for once at a time.
   */
  ask(name: string): Promise<Addresses> {
    const known = this.#questions.get(name);
    if (known !== undefined) return known.answer;
    const question = new SystemQuestion(name, this.#clock);
    this.#questions.set(name, question);
    void question.answer.then(() => this.#questions.delete(name));
    this.#waiting.push(question);
    if (this.#waiting.size > MAX_WAITING) this.#waiting.take()?.giveUp();
    this.#next();
    if (this.#hasGetent) this.#endTurn();
    return question.answer;
  }

  /** Gives all questions up. */
  close(): void {
    for (const question of this.#questions.values()) question.settle(undefined);
  }

  #next(): void {
    while (this.#running.size < (this.#hasGetent ? MAX_NAMES : MAX_THREADS)) {
      const question = this.#waiting.takeBack();
      if (question === undefined) return;
      if (!question.isOver) this.#start(question);
    }
  }

  /** Ends a turn that has lasted too long for those who wait. */
  #endTurn(): void {
    if (this.#waiting.size === 0) return;
    const now = this.#clock.now();
    const [overdue] = [...this.#running].find(([{ isOver }, until]) => now >= until && !isOver) ?? [];
    overdue?.giveUp();
  }

  #start(question: SystemQuestion): void {
    this.#running.set(question, this.#clock.now() + TURN_MS);
    const ended = (): void => {
      if (this.#running.delete(question)) this.#next();
    };
    if (!this.#hasGetent) {
      askInThread(question, ended);
      return;
    }
    const turn = this.#clock.after(TURN_MS, () => this.#endTurn());
    let isProgram = true;
    void question.answer.then(() => {
      turn.cancel();
      if (isProgram) ended();
    });
    question.run(() => {
      isProgram = false;
      this.#hasGetent = false;
      this.#waiting.push(question);
      ended();
    });
  }
}

/** @param ended the thread is free again */
function askInThread(question: SystemQuestion, ended: () => void): void {
  lookup(question.name, { all: true }, (_error, addresses = []) => {
    question.settle(addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 })));
    ended();
  });
}
