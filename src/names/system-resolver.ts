import { type ChildProcess, spawn } from "node:child_process";
import { lookup } from "node:dns";
import { Queue } from "../core/collections/queue.js";
import { parseGetent } from "../core/names/getent.js";
import type { HostAddress } from "../core/names/host-address.js";
import type { Clock, Timer } from "../system/clock.js";

/** Names at a time. */
const MAX_PROGRAMS = 4;
const MAX_THREADS = 2; // of the four that Node has
/** Names that wait for their turn; more are given up at once. */
const MAX_WAITING = 256;
/** Longest time for one name, its turn included. Multicast DNS takes 5 s to find nothing (avahi). */
const LIMIT_MS = 6000;
const MAX_OUTPUT = 65_536; // characters

const FOUND = 0;
const NOT_FOUND = 2; // getent(1)

type Addresses = readonly HostAddress[];

/** One name, from its question to its answer. */
class SystemQuestion {
  readonly name: string;
  readonly answer: Promise<Addresses>;
  isOver = false;
  #limit: Timer;
  #child: ChildProcess | undefined;
  #resolve: (addresses: Addresses) => void = () => {};

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#limit = clock.after(LIMIT_MS, () => this.settle([]));
  }

  settle(addresses: Addresses): void {
    this.isOver = true;
    this.#limit.cancel();
    this.#child?.kill("SIGKILL");
    this.#resolve(addresses);
  }

  /** Runs `getent`. Calls back when it has ended; `undefined`: it cannot be run here. */
  run(ended: (addresses: Addresses | undefined) => void): void {
    const child = spawn("getent", ["ahosts", "--", this.name], { stdio: ["ignore", "pipe", "ignore"] });
    this.#child = child;
    let text = "";
    child.stdout.setEncoding("latin1").on("data", (chunk: string) => {
      if (text.length < MAX_OUTPUT) text += chunk;
    });
    child.once("error", () => ended(undefined));
    child.once("close", (status, signal) => {
      if (status === FOUND) ended(parseGetent(text));
      else if (status === NOT_FOUND || signal !== null) ended([]);
      else ended(undefined);
    });
  }
}

/**
 * Asks the system's own resolver, `getaddrinfo`: it knows multicast DNS, search domains, and whatever `/etc/nsswitch.conf` names.
 *
 * `getaddrinfo` blocks its thread for as long as it likes, and nothing ends it. In a thread of Node a silent name server would delay other
 * names, files, and the end of the process. So it runs in a small program, `getent`, which can be ended. Systems without that program use
 * threads, but not all of them.
 */
export class SystemResolver {
  readonly #clock: Clock;
  readonly #waiting = new Queue<SystemQuestion>();
  readonly #running = new Set<SystemQuestion>();
  /** All that are not over, by name. */
  readonly #questions = new Map<string, SystemQuestion>();
  #hasGetent = true;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The addresses of a name in the system's order; none when it is unknown, or the time is over. Each name is asked for once at a time. */
  ask(name: string): Promise<Addresses> {
    const known = this.#questions.get(name);
    if (known !== undefined) return known.answer;
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve([]);
    const question = new SystemQuestion(name, this.#clock);
    this.#questions.set(name, question);
    void question.answer.then(() => this.#questions.delete(name));
    this.#waiting.push(question);
    this.#next();
    return question.answer;
  }

  /** Gives all questions up. */
  close(): void {
    for (const question of this.#questions.values()) question.settle([]);
  }

  #next(): void {
    while (this.#running.size < (this.#hasGetent ? MAX_PROGRAMS : MAX_THREADS)) {
      const question = this.#waiting.take();
      if (question === undefined) return;
      if (!question.isOver) this.#start(question);
    }
  }

  #start(question: SystemQuestion): void {
    this.#running.add(question);
    const ended = (addresses: Addresses): void => {
      this.#running.delete(question);
      question.settle(addresses);
      this.#next();
    };
    if (!this.#hasGetent) {
      askInThread(question.name, ended);
      return;
    }
    question.run((addresses) => {
      this.#hasGetent &&= addresses !== undefined;
      if (addresses === undefined) askInThread(question.name, ended);
      else ended(addresses);
    });
  }
}

function askInThread(name: string, ended: (addresses: Addresses) => void): void {
  lookup(name, { all: true }, (_error, addresses = []) =>
    ended(addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))),
  );
}
