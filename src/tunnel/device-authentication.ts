import type { TunnelCommand } from "../core/tunnel/frames.js";
import type { Clock, Timer } from "../system/clock.js";
import { secretMatches } from "./secret-check.js";

/** A device has this long to send the secret, from its connection on. */
const SECRET_WITHIN_MS = 10_000;

/** What becomes of the device. */
export interface DeviceAuthenticationEvents {
  /** The device knows the secret. */
  authenticated(): void;
  /** The device has to be closed. The reason never contains what the device has sent. */
  rejected(reason: string): void;
}

/** Checks the secret of a device that has connected. */
export class DeviceAuthentication {
  readonly #secret: string;
  readonly #events: DeviceAuthenticationEvents;
  readonly #limit: Timer;
  #wrongSecret = false;

  constructor(secret: string, clock: Clock, events: DeviceAuthenticationEvents) {
    this.#secret = secret;
    this.#events = events;
    this.#limit = clock.after(SECRET_WITHIN_MS, () => events.rejected(`no secret within ${SECRET_WITHIN_MS / 1000} s`));
  }

  /** The device has sent a command. It has one guess. */
  handle(command: TunnelCommand): void {
    if (command.kind === "secret" && !this.#wrongSecret) {
      this.#wrongSecret = !secretMatches(command.bytes, this.#secret);
      if (!this.#wrongSecret) this.#events.authenticated();
    } else if (command.kind === "listen") {
      this.#events.rejected(this.#wrongSecret ? "its secret is wrong" : "it did not send the secret");
    }
  }

  /** The device has been authenticated, or has gone. */
  cancel(): void {
    this.#limit.cancel();
  }
}
