import type { Request } from "../core/mux/protocol.js";
import type { MuxClient } from "./mux-client.js";

/** A client that waits for an answer, and its request as it asked it. */
export interface Asker {
  readonly client: MuxClient;
  readonly request: Request;
}

/** A request on its way: for the client that asked it, and for those that asked the same meanwhile. */
export class Exchange {
  readonly request: Request;
  /** None is left when all have gone. */
  askers: Asker[];
  /** The number of writes when it was sent: see {@link AnswerCache.writes}. */
  writes = 0;
  /** It is asked a second time, because its first link was lost. */
  readonly #repeated: boolean;
  /** A part of the answer has been passed on: no other one can be given. */
  begun = false;

  constructor(client: MuxClient, request: Request, repeated = false) {
    this.request = request;
    this.#repeated = repeated;
    this.askers = [{ client, request }];
  }

  /** Whether it may be asked once more, its link having been lost. */
  get mayBeRepeated(): boolean {
    return this.request.reads && !this.#repeated && !this.begun;
  }

  /** A client has gone. */
  forget(client: MuxClient): void {
    this.askers = this.askers.filter((asker) => asker.client !== client);
  }
}
