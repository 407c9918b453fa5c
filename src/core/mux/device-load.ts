import { QuantileSketch } from "../collections/quantile-sketch.js";
import { RecentSum } from "../collections/recent-sum.js";

/** How fast a shared device answers, and how busy it is, in the JSON of STAT. */
export interface DeviceLoadStatus {
  /** Share of the last minute in which a request was outstanding, over all links that the mux may have (POOL), from 0 to 1. */
  readonly load: number;
  /** Time from a request to the end of its answer, of the last five to ten minutes, within 5 %; left out: there were no answers. */
  readonly response?: { readonly p50Ms: number; readonly p99Ms: number };
  /** Answers whose time was measured since the mux was made, and the sum of these times. */
  readonly responses: { readonly count: number; readonly sumMs: number };
}

/** Measures how long a device takes for its answers, and for how much of the time it is asked. Times are in milliseconds. */
export class DeviceLoad {
  readonly #busy: RecentSum;
  readonly #responses: QuantileSketch;
  #outstanding = 0;
  #responseCount = 0;
  #responseSumMs = 0;
  /** The time up to which {@link DeviceLoad.#busy} is complete. */
  #countedUntil: number;

  constructor(now: number) {
    this.#busy = new RecentSum(now);
    this.#responses = new QuantileSketch(now);
    this.#countedUntil = now;
  }

  /** A request goes out. */
  sent(links: number, now: number): void {
    this.#count(links, now);
    this.#outstanding += 1;
  }

  /** A request is over. @param responseMs how long the whole answer took; undefined: there was none */
  over(links: number, responseMs: number | undefined, now: number): void {
    this.#count(links, now);
    this.#outstanding -= 1;
    if (responseMs === undefined) return;
    this.#responses.add(responseMs, now);
    this.#responseCount += 1;
    this.#responseSumMs += responseMs;
  }

  /** @param links that the mux may have */
  status(links: number, now: number): DeviceLoadStatus {
    this.#count(links, now);
    const [p50Ms, p99Ms] = this.#responses.quantiles([0.5, 0.99], now) ?? [];
    const load = Math.min(1, this.#busy.perMs(now) / links);
    return {
      load: Math.round(load * 1000) / 1000,
      ...(p50Ms !== undefined && p99Ms !== undefined && { response: { p50Ms: tenths(p50Ms), p99Ms: tenths(p99Ms) } }),
      responses: { count: this.#responseCount, sumMs: tenths(this.#responseSumMs) },
    };
  }

  /** A link is busy while it has a request: several requests keep as many links busy, as far as there are any. */
  #count(links: number, now: number): void {
    const busy = Math.min(this.#outstanding, links);
    if (busy > 0) this.#busy.addSpan(busy, this.#countedUntil, now);
    this.#countedUntil = now;
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
