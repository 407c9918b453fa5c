import { Tally } from "../collections/tally.js";
import { type ClientOrigin, clientName, isLocalClient } from "../net/client-origin.js";
import { fail, ok, type Result } from "../parse/result.js";

/** Readers at a time: some browsers with six connections each, and what else reads metrics. */
export const MAX_READERS = 64;
/** Those of other machines. The rest is for this one: whatever watches the daemon here gets its answer, and its user sees the page. */
const MAX_OF_OTHERS = 56;
/** Those of one other machine: it may be a proxy with many readers, and leaves some to others. */
const MAX_OF_ADDRESS = 32;

/** The places of the web page's readers: nobody on another machine can take them all, with connections that say nothing. */
export class ReaderPlaces {
  readonly #byAddress = new Tally<string>();
  #others = 0;

  /** Takes a place. @returns what gives it back, to be called once; or why there is none */
  take(origin: ClientOrigin): Result<() => void> {
    if (isLocalClient(origin)) return ok(() => {});
    const { address = "" } = origin;
    if (this.#byAddress.of(address) >= MAX_OF_ADDRESS) {
      return fail(`${clientName(origin)} has ${MAX_OF_ADDRESS} connections to the page already`);
    }
    if (this.#others >= MAX_OF_OTHERS)
      return fail(`other machines have ${MAX_OF_OTHERS} connections to the page already`);
    this.#byAddress.add(address);
    this.#others += 1;
    return ok(() => {
      this.#byAddress.remove(address);
      this.#others -= 1;
    });
  }
}
