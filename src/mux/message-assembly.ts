import type { HttpHead } from "../core/framing/framing.js";
import { RequestBody } from "../core/mux/request-body.js";
import type { Clock, Timer } from "../system/clock.js";
import { StallWatch } from "./stall-watch.js";

/** What an assembly tells the client whose messages it puts together, and asks it. */
export interface MessageAssemblyOwner {
  readonly clock: Clock;
  /** Longest time without a byte in the middle of a message (STAL). */
  stallMs(): number;
  /** A whole message; with a `body`: its beginning, and the rest follows through the body. */
  message(bytes: Buffer, head: HttpHead | undefined, body: RequestBody | undefined): void;
  /** The head of a message, whose rest is still to come. */
  headReceived(head: HttpHead): void;
  /** Whether everything that the client sent before this message is answered: it waits for nothing. */
  isAnswered(): boolean;
  /** Whether others wait for their turn. */
  isAwaited(): boolean;
  /** Whether nobody uses the device: then a message that comes slowly may begin, too. */
  isDeviceIdle(): boolean;
  /** The link takes more of the body, or has taken all of it. */
  roomed(): void;
  /** The client has sent nothing for {@link stallMs} although it was its turn. */
  stalled(): void;
  fault(error: unknown): void;
}

type State =
  | { readonly kind: "between messages" }
  | { readonly kind: "collecting"; parts: Buffer[]; size: number; head: HttpHead | undefined }
  | { readonly kind: "streaming"; readonly body: RequestBody };

/**
 * Longest beginning of a message that is kept while the rest comes. Shorter messages go out whole: a client that sends them slowly costs
 * the device nothing. Longer ones ask for their turn with what has come. As much as nginx keeps (client_body_buffer_size).
 */
const MAX_COLLECTED = 16_384;
const PATIENCE_MS = 500; // so long a message may take to be whole, hiccups of a WLAN included; then it begins if nobody uses the device
const MAX_PARTS = 64; // parts before they are joined: a message of single bytes must not cost a Buffer per byte
const BETWEEN: State = { kind: "between messages" };

/** Puts the parts of a client's messages together. Messages without parts pass at no cost. */
export class MessageAssembly {
  readonly #owner: MessageAssemblyOwner;
  #state: State = BETWEEN;
  /** The last body: its last bytes may be unsent. */
  #body: RequestBody | undefined;
  #watch: StallWatch | undefined;
  #patience: Timer | undefined;

  constructor(owner: MessageAssemblyOwner) {
    this.#owner = owner;
  }

  /** Bytes that a link has not taken yet: their memory is in use. */
  get unsent(): number {
    return this.#body?.unsent ?? 0;
  }

  /** Whether a message is incomplete. */
  get isIncomplete(): boolean {
    return this.#state.kind !== "between messages";
  }

  /** Whether the next cut belongs to a body, and whether the link takes it: undefined between messages. */
  get takesBody(): boolean | undefined {
    return this.#state.kind === "streaming" ? this.#state.body.takes : undefined;
  }

  /** The next cut of the client. The bytes are lent until {@link unsent} is 0. */
  add(kind: "frame" | "part", bytes: Buffer, head: HttpHead | undefined): void {
    const state = this.#state;
    if (kind === "frame" && state.kind === "between messages") {
      this.#owner.message(bytes, head, undefined);
      return;
    }
    if (kind === "frame") this.#over();
    else this.#stallWatch.moved(bytes.length);
    if (state.kind === "streaming") state.body.pass(bytes, kind === "frame");
    else
      this.#collect(
        state.kind === "collecting" ? state : { kind: "collecting", parts: [], size: 0, head },
        kind,
        bytes,
      );
  }

  /** The client has got bytes: if it waited for leave to go on, it has it now. */
  delivered(): void {
    if (this.#state.kind === "collecting") this.#stallWatch.moved();
  }

  /** The client will send no more of its message. */
  abandon(reason: string): void {
    const state = this.#state;
    this.#over();
    if (state.kind === "streaming") state.body.abandon(reason);
  }

  #over(): void {
    this.#state = BETWEEN;
    this.#watch?.stop();
    this.#patience?.cancel();
  }

  #collect(state: State & { kind: "collecting" }, kind: "frame" | "part", bytes: Buffer): void {
    const { parts, head } = state;
    const isBeginning = parts.length === 0;
    parts.push(Buffer.from(bytes));
    state.size += bytes.length;
    if (kind === "frame") {
      this.#owner.message(Buffer.concat(parts), head, undefined);
    } else if (state.size > MAX_COLLECTED) {
      this.#stream(state);
    } else {
      this.#state = state;
      if (parts.length > MAX_PARTS) state.parts = [Buffer.concat(parts)];
      if (!isBeginning) return;
      if (head !== undefined) this.#owner.headReceived(head);
      this.#bePatient();
    }
  }

  /** The message asks for its turn with what has come. */
  #stream({ parts, head }: State & { kind: "collecting" }): void {
    this.#patience?.cancel();
    this.#body = new RequestBody(() => this.#roomed());
    this.#state = { kind: "streaming", body: this.#body };
    this.#owner.message(Buffer.concat(parts), head, this.#body);
  }

  #bePatient(): void {
    this.#patience = this.#owner.clock.after(PATIENCE_MS, () => {
      try {
        if (this.#state.kind !== "collecting") return;
        if (this.#owner.isAnswered() && this.#owner.isDeviceIdle()) this.#stream(this.#state);
        else this.#bePatient();
      } catch (error) {
        this.#owner.fault(error);
      }
    });
  }

  #roomed(): void {
    if (this.#state.kind === "streaming") this.#stallWatch.moved();
    this.#owner.roomed();
  }

  get #stallWatch(): StallWatch {
    const owner = this.#owner;
    this.#watch ??= new StallWatch({
      clock: owner.clock,
      limitMs: () => owner.stallMs(),
      isAwaited: () => owner.isAwaited(),
      isDue: () => (this.#state.kind === "streaming" ? this.#state.body.takes : owner.isAnswered()),
      stalled: () => owner.stalled(),
      fault: (error) => owner.fault(error),
    });
    return this.#watch;
  }
}
