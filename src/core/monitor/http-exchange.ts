/** The most requests whose answers are awaited at once and whose methods are known. */
const METHODS_MAX = 256;

/** What the sights of both directions of an HTTP connection tell each other. */
export class HttpExchange {
  readonly #methods: string[] = [];
  /** Requests behind those of which the method has not been kept. */
  #unknown = 0;
  #switched = false;

  /** Whether the server has changed to another protocol: both directions are no HTTP any more. */
  get switched(): boolean {
    return this.#switched;
  }

  /** A request has been seen. */
  asked(method: string): void {
    if (this.#unknown > 0 || this.#methods.length === METHODS_MAX) this.#unknown += 1;
    else this.#methods.push(method);
  }

  /** Its final response is seen: returns the method; nothing when it is not known. */
  answered(): string | undefined {
    const method = this.#methods.shift();
    if (method === undefined && this.#unknown > 0) this.#unknown -= 1;
    return method;
  }

  /** The server has agreed to another protocol. */
  switchProtocol(): void {
    this.#switched = true;
  }
}
