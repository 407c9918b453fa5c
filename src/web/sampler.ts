import { History, STEP_SECONDS } from "../core/web/history/history.js";
import { historyJson } from "../core/web/history/history-json.js";
import { type ReadStatus, readingsOf } from "../core/web/history/readings.js";
import type { Times } from "../log/times.js";
import type { Clock, Timer } from "../system/clock.js";

const STEP_MS = STEP_SECONDS * 1000;
const EARLY_MS = 5; // timers count whole milliseconds, and may fire a little early

/** What a sampler needs of the daemon. */
export interface SamplerContext {
  readonly clock: Clock;
  readonly log: { readonly times: Times };
  status(): ReadStatus;
}

/** Reads the daemon's counters every {@link STEP_SECONDS} seconds, and keeps the last hour. */
export class Sampler {
  readonly #context: SamplerContext;
  readonly #history: History;
  readonly #startedAt: number;
  readonly #run: string;
  #readAt: number;
  #endedEpochMs: number;
  #timer: Timer;

  constructor(context: SamplerContext) {
    const { clock } = context;
    this.#context = context;
    this.#history = new History(readingsOf(context.status()));
    this.#startedAt = clock.now();
    this.#readAt = this.#startedAt;
    this.#endedEpochMs = clock.epochMs();
    this.#run = Math.floor(this.#endedEpochMs).toString(36);
    this.#timer = this.#wait();
  }

  /** The steps from `since` on as JSON, in pieces. */
  json(since: number): Generator<string> {
    const { times } = this.#context.log;
    return historyJson(this.#history.read(since), this.#run, times.iso(this.#endedEpochMs));
  }

  close(): void {
    this.#timer.cancel();
  }

  /** Waits for the end of the step: steps end at multiples of their length, however late a timer is. */
  #wait(): Timer {
    const { clock } = this.#context;
    const due = this.#startedAt + (this.#history.next + 1) * STEP_MS;
    return clock.after(Math.max(0, due - clock.now()), () => this.#read());
  }

  #read(): void {
    const { clock } = this.#context;
    const now = clock.now();
    const next = Math.floor((now - this.#startedAt + EARLY_MS) / STEP_MS);
    if (next > this.#history.next) {
      this.#history.add(readingsOf(this.#context.status()), next, (now - this.#readAt) / 1000);
      this.#readAt = now;
      this.#endedEpochMs = clock.epochMs();
    }
    this.#timer = this.#wait();
  }
}
