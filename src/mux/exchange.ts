import type { Request } from "../core/mux/protocol.js";
import type { MuxClient } from "./mux-client.js";

/** A client that waits for an answer, its request as it asked it, and since when. */
export interface Asker {
  readonly client: MuxClient;
  readonly request: Request;
  readonly since: number;
}

/** A request on its way: for the client that asked it, and for those that asked the same meanwhile. */
export class Exchange {
  readonly request: Request;
  /** None is left when all have gone, or have waited long enough. */
  askers: Asker[];
  /** The number of writes when it was sent: see {@link AnswerCache.writes}. */
  writes = 0;
  /** It is asked a second time, because its first link was lost. */
  readonly #repeated: boolean;
  /** A part of the answer has been passed on: no other one can be given. */
  begun = false;

  constructor(asker: Asker, repeated = false) {
    this.request = asker.request;
    this.askers = [asker];
    this.#repeated = repeated;
  }

  /** Whether it may be asked once more, its link having been lost. */
  get mayBeRepeated(): boolean {
    return this.request.reads && !this.#repeated && !this.begun;
  }

  /** How a client waits for it. */
  askerOf(client: MuxClient): Asker | undefined {
    return this.askers.find((asker) => asker.client === client);
  }

  /** A client does not wait for it any more. */
  forget(client: MuxClient): void {
    this.askers = this.askers.filter((asker) => asker.client !== client);
  }
}
