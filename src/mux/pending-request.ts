import type { Place } from "../core/collections/deque.js";
import type { Request } from "../core/mux/protocol.js";
import type { MuxClient } from "./mux-client.js";

/** What waits for its turn. */
export type Item =
  | { readonly kind: "ask"; readonly asker: Asker; readonly repeated: boolean }
  /** Something to say without asking the device. `last`: and then to close, for this reason. */
  | { readonly kind: "say"; readonly bytes: Buffer; readonly last?: string };

/** A client that waits for an answer, its request as it asked it, and since when. */
export interface Asker {
  readonly client: MuxClient;
  readonly request: Request;
  readonly since: number;
  /** Where it stands in the queue, until its turn has come. */
  place: Place<Item> | undefined;
  /** What asks for it then. */
  pending: PendingRequest | undefined;
}

/** A request on its way: for the client that asked it, and for those that asked the same meanwhile. */
export class PendingRequest {
  readonly request: Request;
  /** In the order they came. Those who have gone, or have waited long enough, are taken out. */
  readonly askers = new Set<Asker>();
  /** The number of writes when it was sent: see {@link AnswerCache.writes}. */
  writes = 0;
  /** It is asked a second time, because its first link was lost. */
  readonly #repeated: boolean;
  /** A part of the answer has been passed on: no other one can be given. */
  begun = false;

  constructor(asker: Asker, repeated: boolean) {
    this.request = asker.request;
    this.askers.add(asker);
    this.#repeated = repeated;
  }

  /** Whether somebody still waits for it. */
  get wanted(): boolean {
    return this.askers.size > 0;
  }

  /** Whether it may be asked once more, its link having been lost. */
  get mayBeRepeated(): boolean {
    return this.request.reads && !this.#repeated && !this.begun;
  }
}
