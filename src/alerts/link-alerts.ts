import { FlapDelay } from "../core/limits/flap-delay.js";
import type { Clock, Timer } from "../system/clock.js";

/** What an alert about a link says. */
export interface LinkAlert {
  readonly device: string | undefined;
  /** `host:port` of the device. */
  readonly server: string;
}

/** Sends the alerts: see {@link LinkAlerts}. */
export interface LinkAlertSender {
  down(link: LinkAlert, reason: string): void;
  back(link: LinkAlert, downMs: number): void;
}

type State =
  /** It is away, and may come back soon. */
  | { readonly kind: "away"; readonly since: number; readonly timer: Timer }
  /** An alert has said that it is down. */
  | { readonly kind: "down"; readonly since: number }
  | { readonly kind: "there" };

/** Decides when the link of one device is down, and when it is back. */
export class LinkAlerts {
  readonly #clock: Clock;
  readonly #sender: LinkAlertSender;
  readonly #delay = new FlapDelay();
  #state: State = { kind: "there" };

  constructor(clock: Clock, sender: LinkAlertSender) {
    this.#clock = clock;
    this.#sender = sender;
  }

  /** The link is lost, or its device has not come back in time to resume it. */
  lost(link: LinkAlert, reason: string): void {
    if (this.#state.kind !== "there") return;
    const since = this.#clock.now();
    const timer = this.#clock.after(this.#delay.delayMs(since), () => {
      this.#state = { kind: "down", since };
      this.#delay.alerted(this.#clock.now());
      this.#sender.down(link, reason);
    });
    this.#state = { kind: "away", since, timer };
  }

  /** The device is linked. */
  found(link: LinkAlert): void {
    const state = this.#state;
    this.forget();
    if (state.kind === "down") this.#sender.back(link, Math.round(this.#clock.now() - state.since));
  }

  /** Nobody expects the device any more: there is no alert about that. */
  forget(): void {
    if (this.#state.kind === "away") this.#state.timer.cancel();
    this.#state = { kind: "there" };
  }
}
