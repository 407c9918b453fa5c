/** What to do next about one question to the name servers. */
export type QuestionStep =
  /** Ask the server of this index. */
  | { readonly kind: "ask"; readonly server: number }
  /** Wait for an answer; at this time at the latest, ask again. */
  | { readonly kind: "wait"; readonly until?: number }
  /** No server has answered. */
  | { readonly kind: "over" };

/** When the servers are asked, in milliseconds after the beginning: packets get lost. An earlier question stays open meanwhile. */
const ROUNDS_MS = [0, 1000, 3000];
/** So long a server has before the next one is asked, too. */
const NEXT_SERVER_MS = 300;
/** Most questions to one server in a time: a name that is asked for again and again. */
const AGAIN_MS = 1000;

/**
 * When to put one question to which of several name servers. A server that is silent, or slow, costs its own time: the others are asked
 * meanwhile, and its answer counts whenever it comes. Times are in milliseconds of one clock.
 */
export class ServerQuestions {
  readonly #servers: number;
  /** When the next questions are due; they go to the servers in turn. */
  #due: number[];
  #asked = 0;
  #lastAt: number;
  #failed = 0;

  /** @param servers how many there are */
  constructor(servers: number, now: number) {
    this.#servers = servers;
    this.#lastAt = now;
    this.#due = ROUNDS_MS.flatMap((ms) => this.#round(now + ms));
  }

  /** A server has refused, has failed, or was silent for too long. */
  failed(): void {
    this.#failed += 1;
  }

  /** Somebody asks for the name anew: the servers may be back. */
  again(now: number): void {
    const isRoundOver = this.#asked % this.#servers === 0;
    if (isRoundOver && now >= this.#lastAt + AGAIN_MS) this.#due = [...this.#round(now), ...this.#due];
  }

  /** No further question is wanted; those that are open may still be answered. */
  stop(): void {
    this.#due = [];
  }

  /** What to do now. An `ask` counts as done. */
  next(now: number): QuestionStep {
    const isOpen = this.#asked > this.#failed;
    const [due] = this.#due;
    const isRoundOver = this.#asked > 0 && this.#asked % this.#servers === 0;
    if (!isOpen && (isRoundOver || due === undefined)) return { kind: "over" };
    if (due === undefined) return { kind: "wait" };
    if (isOpen && now < due) return { kind: "wait", until: due };
    const index = this.#asked;
    this.#asked += 1;
    this.#lastAt = now;
    this.#due.shift(); // a dozen at most
    return { kind: "ask", server: index % this.#servers };
  }

  #round(at: number): number[] {
    return Array.from({ length: this.#servers }, (_, server) => at + server * NEXT_SERVER_MS);
  }
}
