import { answerLimitMs, type MuxOptions } from "../core/mux/mux-options.js";
import type { Request } from "../core/mux/protocol.js";
import type { Clock, Timer } from "../system/clock.js";

const MAX_PROBE_MS = 5000; // longest wait for the answer to a probe: requests of clients wait behind it

/** What a health probe asks of its connection. */
export interface HealthProbeOwner {
  readonly clock: Clock;
  options(): MuxOptions;
  /** Whether a request can go out now. */
  isFree(): boolean;
  /** Sends the probe; no answer within `timeoutMs` condemns the connection. */
  probe(request: Request, timeoutMs: number): void;
}

/** Sends a request to the device when its connection has been idle for some time (HLTH, PROB). */
export class HealthProbe {
  readonly #owner: HealthProbeOwner;
  #usedAt: number;
  #timer: Timer | undefined;

  constructor(owner: HealthProbeOwner) {
    this.#owner = owner;
    this.#usedAt = owner.clock.now();
    this.#schedule();
  }

  /** Bytes have passed over the connection. */
  used(now = this.#owner.clock.now()): void {
    this.#usedAt = now;
  }

  /** For how long nothing has passed. */
  get idleMs(): number {
    return this.#owner.clock.now() - this.#usedAt;
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    const { clock } = this.#owner;
    const { healthMs, probe } = this.#owner.options();
    if (healthMs === 0 || probe === undefined) return;
    const idleMs = clock.now() - this.#usedAt;
    this.#timer = clock.after(Math.max(1, healthMs - idleMs), () => {
      const isDue = clock.now() - this.#usedAt >= healthMs;
      if (isDue) this.used(); // a busy connection needs no probe
      this.#schedule();
      if (isDue && this.#owner.isFree()) this.#send(probe);
    });
  }

  #send(probe: Buffer): void {
    const options = this.#owner.options();
    const { protocol } = options;
    const [cut] = protocol.framing.requests().push(probe);
    const interpretation = protocol.interpret(probe, cut?.kind === "junk" ? undefined : cut?.head, "pass");
    if (interpretation.kind !== "request") return;
    this.#owner.probe(interpretation.request, Math.min(answerLimitMs(options), MAX_PROBE_MS));
  }
}
