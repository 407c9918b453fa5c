import { type End, type EndEvents, IGNORE_EVENTS } from "#src/sockets/end.js";

/** An end without a socket: the test plays its peer. */
export class FakeEnd implements End {
  events: EndEvents = IGNORE_EVENTS;
  readonly peerAddress = "127.0.0.1";
  readonly peerPort = 10001;
  gone = false;
  /** It was closed by a reset. */
  wasReset = false;
  /** All writes to the peer, with their times where the test has a clock. */
  readonly written: { readonly text: string; readonly at: number }[] = [];
  /** Whether a FIN follows the writes. */
  ended = false;
  /** Called with each written chunk. */
  onWritten: (chunk: Buffer) => void = () => {};
  #isPaused = true;
  #isBusy = false;
  #unsent = 0;
  #coming: Buffer[] = [];
  #fin = false;
  /** The chunk during which the reader paused: its memory must stay unchanged until the reader resumes. */
  #lent: Buffer | undefined;
  #isKept = false;
  readonly #now: () => number;

  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  get unsent(): number {
    return this.#unsent;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get reading(): boolean {
    return !this.#isPaused && !this.gone;
  }

  /** All written bytes. */
  get text(): string {
    return this.written.map(({ text }) => text).join("");
  }

  write(chunk: Buffer | string): void {
    const bytes = Buffer.from(chunk as string);
    this.written.push({ text: bytes.toString("latin1"), at: this.#now() });
    if (this.#isBusy) this.#unsent += bytes.length;
    this.onWritten(bytes);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  /** The reader keeps the chunk that it is given now. */
  keepChunk(): void {
    this.#isKept = true;
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.events.finished();
  }

  destroy(): void {
    this.gone = true;
  }

  reset(): void {
    this.wasReset ||= !this.gone;
    this.destroy();
  }

  /** The peer stops or resumes reading. */
  setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    if (isBusy || this.#unsent === 0) return;
    this.#unsent = 0;
    this.events.drained();
  }

  /** The peer sends these chunks. */
  send(...chunks: readonly (Buffer | string)[]): void {
    this.#coming.push(...chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk)));
    if (!this.#isPaused) this.#deliver();
  }

  /** The peer sends FIN. */
  fin(): void {
    this.#fin = true;
    if (!this.#isPaused) this.#deliver();
  }

  /** The peer resets the connection. */
  cut(error: Error): void {
    this.gone = true;
    this.events.closed(error);
  }

  /** Delivers the waiting chunks, each in memory that the next one overwrites. */
  #deliver(): void {
    this.#lent?.fill("#");
    this.#lent = undefined;
    while (!this.#isPaused && !this.gone) {
      const chunk = this.#coming.shift();
      if (chunk === undefined) break;
      const memory = Buffer.from(chunk);
      this.#isKept = false;
      this.events.data(memory);
      if (this.#isKept) continue;
      if (this.#isPaused) this.#lent = memory;
      else memory.fill("#");
    }
    if (!this.#fin || this.#isPaused || this.#coming.length > 0) return;
    this.#fin = false;
    this.events.eof();
  }
}
