import type { Command } from "../core/tunnel/frames.js";
import type { Clock, Timer } from "../system/clock.js";
import { secretMatches } from "./secret-check.js";

/** From its connection on, a device has so long to tell the secret. */
const LIMIT_MS = 10_000;

/** What a candidate tells. */
export interface DeviceAuthenticationEvents {
  /** It knows the secret. */
  proven(): void;
  /** It does not, and has to go; the reason never tells what it said. */
  failed(reason: string): void;
}

/** A device that has connected and not yet told the secret. */
export class DeviceAuthentication {
  readonly #secret: string;
  readonly #events: DeviceAuthenticationEvents;
  readonly #limit: Timer;
  #wrong = false;

  constructor(secret: string, clock: Clock, events: DeviceAuthenticationEvents) {
    this.#secret = secret;
    this.#events = events;
    this.#limit = clock.after(LIMIT_MS, () => events.failed(`no secret within ${LIMIT_MS / 1000} s`));
  }

  /** What the device says. One guess is all it has. */
  told(command: Command): void {
    if (command.kind === "secret" && !this.#wrong) {
      this.#wrong = !secretMatches(command.bytes, this.#secret);
      if (!this.#wrong) this.#events.proven();
    } else if (command.kind === "listen") {
      this.#events.failed(this.#wrong ? "its secret is wrong" : "it does not tell the secret");
    }
  }

  /** It is one no longer. */
  done(): void {
    this.#limit.cancel();
  }
}
