import type { Dial } from "#src/dial/dial.js";
import { DialError } from "#src/dial/dial-error.js";
import type { End } from "#src/sockets/end.js";
import { FakeEnd } from "./fake-end.js";

/** An attempt to connect whose outcome the test decides. */
export class TestDial implements Dial {
  readonly kind = "socket";
  readonly end: Promise<End>;
  isAborted = false;
  #resolve: (end: End) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor() {
    this.end = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  succeed(end = new FakeEnd()): FakeEnd {
    this.#resolve(end);
    return end;
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  abort(): void {
    this.isAborted = true;
    this.fail(new DialError("aborted"));
  }
}
