import { faultText } from "../core/parse/text.js";
import type { Gathering } from "../core/status/gathering.js";
import { History, STEP_SECONDS } from "../core/web/history/history.js";
import { historyJson } from "../core/web/history/history-json.js";
import { type ReadStatus, readingsOf } from "../core/web/history/readings.js";
import type { Log } from "../log/log.js";
import { inSlices } from "../scheduling/in-slices.js";
import type { Clock, Timer } from "../system/clock.js";

const STEP_MS = STEP_SECONDS * 1000;
const EARLY_MS = 5; // timers count whole milliseconds, and may fire a little early

/** What a sampler needs of the daemon. */
export interface SamplerContext {
  readonly clock: Clock;
  readonly log: Pick<Log, "times" | "error">;
  readonly reporter: { status(): Gathering<ReadStatus> };
}

/** Reads the daemon's counters every {@link STEP_SECONDS} seconds, and keeps the last hour. */
export class Sampler {
  readonly #context: SamplerContext;
  readonly #history = new History();
  readonly #startedAt: number;
  readonly #run: string;
  #readAt: number;
  #endedEpochMs: number;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(context: SamplerContext) {
    const { clock } = context;
    this.#context = context;
    this.#startedAt = clock.now();
    this.#readAt = this.#startedAt;
    this.#endedEpochMs = clock.epochMs();
    this.#run = Math.floor(this.#endedEpochMs).toString(36);
    this.#read(0);
  }

  /** The steps from `since` on as JSON, in pieces. */
  json(since: number): Generator<string> {
    const { times } = this.#context.log;
    return historyJson(this.#history.read(since), this.#run, times.iso(this.#endedEpochMs));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Waits for the end of the step: steps end at multiples of their length, however late a timer is. */
  #wait(): void {
    if (this.#isClosed) return;
    const { clock } = this.#context;
    const due = this.#startedAt + (this.#history.next + 1) * STEP_MS;
    this.#timer = clock.after(Math.max(0, due - clock.now()), () => this.#stepIsOver());
  }

  #stepIsOver(): void {
    const next = Math.floor((this.#context.clock.now() - this.#startedAt + EARLY_MS) / STEP_MS);
    if (next > this.#history.next) this.#read(next);
    else this.#wait();
  }

  /** Reads the counters, and waits for the end of the next step. @param next the step that begins now */
  #read(next: number): void {
    const { clock, log } = this.#context;
    const [now, epochMs] = [clock.now(), clock.epochMs()];
    const done = (): void => {
      this.#readAt = now;
      this.#endedEpochMs = epochMs;
      this.#wait();
    };
    const fault = (error: unknown): void => log.error(`last hour: ${faultText(error)}`);
    inSlices(this.#add(next, (now - this.#readAt) / 1000), done, fault);
  }

  *#add(next: number, seconds: number): Gathering<void> {
    const readings = readingsOf(yield* this.#context.reporter.status());
    if (next === 0) yield* this.#history.start(readings);
    else yield* this.#history.add(readings, next, seconds);
  }
}
