/** The link that a body goes to. */
export interface BodyCarrier {
  /** Bytes that the link has not taken. The body waits while there are any. */
  readonly unsent: number;
  /** The next bytes of the body. They must not change before {@link unsent} is 0. `isLast`: the body ends with them. */
  carry(bytes: Buffer, isLast: boolean): void;
  /** The rest of the body will not come. The link has half a request: it can carry no other one. */
  abandoned(reason: string): void;
}

type State =
  /** The turn of the request has not come. */
  | { readonly kind: "waiting" }
  | { readonly kind: "flowing"; readonly carrier: BodyCarrier }
  /** The carrier has everything, and may not have sent the last bytes. */
  | { readonly kind: "complete"; readonly carrier: BodyCarrier }
  /** The client or the link is out of it. */
  | { readonly kind: "given up" };

/**
 * The part of a body that comes while its request has its turn: from its client straight to the link. It holds no bytes. The client is
 * not read while the link takes nothing.
 */
export class RequestBody {
  readonly #roomed: () => void;
  #state: State = { kind: "waiting" };
  #isAnsweredEarly = false;

  /** @param roomed called when the body may go on: {@link takes}, or nothing is {@link unsent} any more */
  constructor(roomed: () => void) {
    this.#roomed = roomed;
  }

  /** Whether the link would take bytes now. */
  get takes(): boolean {
    return this.#state.kind === "flowing" && this.#state.carrier.unsent === 0;
  }

  /** Bytes that the link has not taken: their memory is still in use. */
  get unsent(): number {
    return this.#state.kind === "flowing" || this.#state.kind === "complete" ? this.#state.carrier.unsent : 0;
  }

  get isComplete(): boolean {
    return this.#state.kind === "complete";
  }

  /** Whether the connection of the client must end behind the answer: where its next request begins is not known, or it was told so. */
  get closesClient(): boolean {
    return !this.isComplete || this.#isAnsweredEarly;
  }

  /** The turn of the request has come. */
  begin(carrier: BodyCarrier): void {
    if (this.#state.kind !== "waiting") return;
    this.#state = { kind: "flowing", carrier };
    this.#roomed();
  }

  /** Passes bytes on. Call it only while {@link takes}. */
  pass(bytes: Buffer, isLast: boolean): void {
    if (this.#state.kind !== "flowing") return;
    const { carrier } = this.#state;
    if (isLast) this.#state = { kind: "complete", carrier };
    carrier.carry(bytes, isLast);
  }

  /** The link has taken everything so far. */
  drained(): void {
    this.#roomed();
  }

  /** The final answer begins. A client whose body is incomplete then hears that its connection ends behind it. */
  answerBegins(): void {
    if (!this.isComplete) this.#isAnsweredEarly = true;
  }

  /** The client will not send the rest: tells the carrier. */
  abandon(reason: string): void {
    const state = this.#state;
    if (state.kind === "complete" || state.kind === "given up") return;
    this.#state = { kind: "given up" };
    if (state.kind === "flowing") state.carrier.abandoned(reason);
  }

  /** The link takes nothing more. */
  giveUp(): void {
    if (this.#state.kind === "flowing") this.#state = { kind: "given up" };
  }
}
