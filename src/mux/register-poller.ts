import { POLLER } from "../core/mux/client-records.js";
import { EXCEPTION } from "../core/mux/modbus-exceptions.js";
import { isException, isRefusal } from "../core/mux/modbus-pdu.js";
import { modbusFormOf } from "../core/mux/protocols/modbus-protocol.js";
import type { Poll, PollOutcome, PollPlan } from "../core/mux/publish/poll-plan.js";
import { sharedOrigin } from "../core/net/client-origin.js";
import type { Clock } from "../system/clock.js";
import { Countdown } from "./countdown.js";
import type { MuxClient } from "./mux-client.js";
import type { RequestMux } from "./request-mux.js";

/** What the poller has to do with. */
export interface RegisterPollerOwner {
  readonly clock: Clock;
  readonly mux: Pick<RequestMux, "attach" | "ask" | "options" | "isDown">;
  /** The device does not read this, whoever asks. `exception`: its code. */
  refused(poll: Poll, exception: number): void;
  fault(error: unknown): void;
}

/**
 * Asks a device for the values that nobody else asks for: as one more client, which comes, asks for a range, says FIN, and goes with its answer. So
 * links open and close as for any client, and a device that does not answer keeps nobody waiting for long, as with a client that may be gone.
 */
export class RegisterPoller {
  readonly #owner: RegisterPollerOwner;
  readonly #plan: PollPlan;
  readonly #wait: Countdown;
  #client: MuxClient | undefined;

  constructor(plan: PollPlan, owner: RegisterPollerOwner) {
    this.#owner = owner;
    this.#plan = plan;
    this.#wait = new Countdown(owner.clock, () => this.#ask(plan.due(owner.clock.now(), owner.mux.options.mergeGap)));
    this.#sleep();
  }

  /** Asks no more. */
  stop(): void {
    this.#wait.cancel();
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
  }

  #sleep(): void {
    const ms = this.#plan.dueAt - this.#owner.clock.now();
    if (Number.isFinite(ms)) this.#wait.start(Math.max(1, Math.ceil(ms)));
  }

  /** Asks for the first of these ranges, and for the others when that is over. */
  #ask([poll, ...others]: readonly Poll[]): void {
    if (poll === undefined) {
      this.#sleep();
      return;
    }
    const { clock, mux } = this.#owner;
    const client = mux.attach({ origin: { ...sharedOrigin(POLLER), address: POLLER }, id: POLLER, name: POLLER });
    this.#client = client;
    let outcome: PollOutcome = "no path"; // of a client that is closed without a word
    const ended = (): void => {
      client.destroy();
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#plan.over(poll, outcome, clock.now());
      this.#ask(outcome === "no path" ? [] : others);
    };
    client.events = {
      data: (answer) => {
        if (answer.length > 0) outcome = this.#outcomeOf(poll, answer);
      },
      eof: ended,
      drained() {},
      finished() {},
      closed: ended,
      fault: (error) => this.#owner.fault(error),
    };
    mux.ask(client, poll.range);
    client.end();
    client.resume();
  }

  #outcomeOf(poll: Poll, answer: Buffer): PollOutcome {
    const { mux } = this.#owner;
    const pdu = modbusFormOf(mux.options.protocol)?.unwrap(answer).pdu;
    if (pdu === undefined || !isException(pdu)) return "answered";
    const code = pdu[1] ?? 0;
    if (code === EXCEPTION.noPath && mux.isDown) return "no path";
    if (!isRefusal(pdu)) return "unanswered";
    this.#owner.refused(poll, code);
    return "refused";
  }
}
