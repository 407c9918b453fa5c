import { type LineFacts, type LineStatus, lineState, lineStatuses, lineStatusJson } from "../core/mqtt/line-status.js";
import type { Gathering } from "../core/status/gathering.js";
import { inSlices } from "../scheduling/in-slices.js";
import type { Clock, Timer } from "../system/clock.js";

/** What is published when. */
export interface StatusTopicsOptions {
  /** Least time from one status of a line to the next when only its counters change, in milliseconds. */
  readonly countersMs: number;
}

/** Looks for changes this often: a line that comes and goes faster is published as it is then. */
const LOOK_MS = 1000;

interface Told {
  readonly state: string;
  readonly json: string;
  readonly at: number;
}

/** Publishes the status of each line: when its state changes, and its counters from time to time. */
export class StatusTopics {
  readonly #clock: Clock;
  readonly #options: StatusTopicsOptions;
  readonly #report: () => Gathering<LineFacts>;
  readonly #keep: (topic: string, payload: string) => void;
  readonly #lines: (lines: readonly LineStatus[]) => Iterable<"">;
  /** By topic. */
  readonly #told = new Map<string, Told>();
  #timer: Timer | undefined;
  #isStopped = false;

  /**
   * @param keep publishes below the prefix what the broker is to keep
   * @param lines told all lines, whenever they have been looked at; pauses between them
   */
  constructor(
    clock: Clock,
    options: StatusTopicsOptions,
    report: () => Gathering<LineFacts>,
    keep: (topic: string, payload: string) => void,
    lines: (lines: readonly LineStatus[]) => Iterable<"">,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#report = report;
    this.#keep = keep;
    this.#lines = lines;
  }

  /** Looks from now on, first when the lines of these settings are there: they are configured in this pass of the event loop. */
  start(): void {
    this.#lookIn(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return;
    const next = (): void => this.#lookIn(LOOK_MS);
    this.#timer = this.#clock.after(ms, () => inSlices(this.#look(), next, rethrow));
  }

  *#look(): Gathering<void> {
    const now = this.#clock.now();
    const lines = yield* lineStatuses(yield* this.#report());
    if (this.#isStopped) return;
    const topics = new Set(lines.map(({ topic }) => topic));
    for (const topic of this.#told.keys()) {
      if (topics.has(topic)) continue;
      this.#told.delete(topic);
      this.#keep(topic, "");
    }
    for (const line of lines) {
      if (this.#isStopped) return;
      this.#tell(line, now);
      yield "";
    }
    for (const pause of this.#lines(lines)) {
      yield pause;
      if (this.#isStopped) return;
    }
  }

  #tell(line: LineStatus, now: number): void {
    const told = this.#told.get(line.topic);
    const state = lineState(line);
    if (told?.state === state && now - told.at < this.#options.countersMs) return;
    const json = lineStatusJson(line);
    if (json === told?.json) return;
    this.#told.set(line.topic, { state, json, at: now });
    this.#keep(line.topic, json);
  }
}

/** A fault in the program. */
function rethrow(error: unknown): never {
  throw error;
}
