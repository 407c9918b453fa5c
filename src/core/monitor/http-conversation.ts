/** Most requests whose method is kept until their response. Responses to further ones are parsed without a method. */
const METHODS_MAX = 256;

/** What the parsers of both directions of one HTTP connection share. */
export class HttpConversation {
  readonly #methods: string[] = [];
  /** Requests behind those: their methods are not kept. */
  #unknown = 0;
  #switched = false;

  /** Whether the server has changed to another protocol: neither direction is HTTP any more. */
  get switched(): boolean {
    return this.#switched;
  }

  /** A request has passed. */
  requestSeen(method: string): void {
    if (this.#unknown > 0 || this.#methods.length === METHODS_MAX) this.#unknown += 1;
    else this.#methods.push(method);
  }

  /** The final response to the oldest request has passed. Returns the method of that request; undefined when it is not known. */
  responseSeen(): string | undefined {
    const method = this.#methods.shift();
    if (method === undefined && this.#unknown > 0) this.#unknown -= 1;
    return method;
  }

  /** The server has agreed to another protocol. */
  switchProtocol(): void {
    this.#switched = true;
  }
}
