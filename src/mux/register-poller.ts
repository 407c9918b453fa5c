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
 * Asks a device for the values that nobody else asks for: as one more client, which comes, asks for one range after the other behind all other
 * clients, and goes. So links open and close as for any client.
 */
export class RegisterPoller {
  readonly #owner: RegisterPollerOwner;
  readonly #plan: PollPlan;
  readonly #wait: Countdown;
  #client: MuxClient | undefined;

  constructor(plan: PollPlan, owner: RegisterPollerOwner) {
    this.#owner = owner;
    this.#plan = plan;
    this.#wait = new Countdown(owner.clock, () => this.#begin());
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

  #begin(): void {
    const { clock, mux } = this.#owner;
    const polls = this.#plan.due(clock.now(), mux.options.mergeGap);
    if (polls.length === 0) {
      this.#sleep();
      return;
    }
    const client = mux.attach({ origin: { ...sharedOrigin("poll"), address: "poll" }, id: "poll", name: "poll" });
    this.#client = client;
    this.#ask(client, polls);
    client.resume();
  }

  /** Asks for the first of these ranges, and for the others when that is over. */
  #ask(client: MuxClient, [poll, ...others]: readonly Poll[]): void {
    if (poll === undefined) {
      client.end(); // the mux closes it behind its last answer
      return;
    }
    let isOpen = true;
    const over = (outcome: PollOutcome): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#plan.over(poll, outcome, this.#owner.clock.now());
      this.#ask(client, outcome === "no path" ? [] : others);
    };
    const ended = (): void => {
      if (isOpen) this.#plan.over(poll, "no path", this.#owner.clock.now());
      this.#ended(client);
    };
    client.events = {
      data: (answer) => {
        if (answer.length > 0) over(this.#outcomeOf(poll, answer));
      },
      eof: ended,
      drained() {},
      finished() {},
      closed: ended,
      fault: (error) => this.#owner.fault(error),
    };
    this.#owner.mux.ask(client, poll.range);
  }

  #ended(client: MuxClient): void {
    client.destroy();
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#sleep();
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
