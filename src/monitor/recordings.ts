import type { LineWord } from "../core/monitor/format.js";
import type { View } from "../core/monitor/view.js";
import { matchesFilter, type WatchFilter } from "../core/setup/watch-request.js";
import type { Times } from "../log/times.js";
import type { Clock, Timer } from "../system/clock.js";
import { LineQueue } from "./line-queue.js";
import { type Block, RECORDER_BYTES, Recorder, type RecorderOwner } from "./recorder.js";
import { RenderedEvent, Subscriber } from "./subscriber.js";
import { Tap } from "./tap.js";
import type { TracedStream } from "./traced-stream.js";

/** Streams that are recorded, at 8 KB each; the oldest makes room, one that is over first. */
const MAX_RECORDED = 256;
/** Streams that are parsed for one reader, those with the newest messages: a stream takes some 0.1 ms. */
const MAX_REPLAYED = 16;

/** What of a stream is needed to show its messages once more; its connection may be gone. */
type Recorded = Pick<TracedStream, "source" | "options" | "hops" | "view">;

/** What a reader wants to see of the past. */
export interface ReplayRequest {
  readonly filter: WatchFilter;
  readonly format: readonly LineWord[];
  /** Most lines. */
  readonly count: number;
  /** The view of a stream. */
  viewOf(stream: Recorded): View;
}

/** The last messages of streams, also of some that are over. */
export class Recordings implements RecorderOwner {
  readonly clock: Clock;
  readonly #times: Times;
  readonly #live = new Map<Recorder, TracedStream>();
  readonly #finished = new Map<Recorder, Recorded>();
  #blocks = 0;
  /** Memory of the last recorder that has made room. */
  #spare: Buffer | undefined;

  constructor(clock: Clock, times: Times) {
    this.clock = clock;
    this.#times = times;
  }

  /** A stream has begun: its last messages are kept from now on. */
  add(stream: TracedStream): void {
    const { source, point } = stream;
    if (point.observer instanceof Recorder) return;
    const recorder = new Recorder(this, source.isShared && source);
    recorder.tap = point.observer;
    point.observer = recorder;
    if (this.#live.size + this.#finished.size >= MAX_RECORDED) this.#makeRoom();
    this.#live.set(recorder, stream);
  }

  /** Records nothing more. What watches a stream goes on. */
  close(): void {
    for (const [recorder, { point }] of this.#live) detach(recorder, point);
    this.#live.clear();
    this.#finished.clear();
  }

  /** The last messages as lines, the oldest first. */
  lines({ filter, format, count, viewOf }: ReplayRequest): string[] {
    const matching = [...this.#finished, ...this.#live].filter(
      ([{ lastOrder }, { source }]) => lastOrder > 0 && matchesFilter(filter, source),
    );
    const newest = matching.sort(([one], [other]) => other.lastOrder - one.lastOrder).slice(0, MAX_REPLAYED);
    const shown = newest.flatMap(([recorder, stream]) => replay(recorder, stream, viewOf(stream), format, this.#times));
    return shown
      .sort((one, other) => one.order - other.order)
      .slice(-count)
      .map(({ line }) => line);
  }

  nextOrder(): number {
    this.#blocks += 1;
    return this.#blocks;
  }

  takeMemory(): Buffer {
    const memory = this.#spare ?? Buffer.allocUnsafeSlow(RECORDER_BYTES);
    this.#spare = undefined;
    return memory;
  }

  over(recorder: Recorder): void {
    const stream = this.#live.get(recorder);
    if (!this.#live.delete(recorder) || stream === undefined) return;
    detach(recorder, stream.point); // the tap alone hears when the last bytes have been taken
    recorder.tap = undefined;
    const { source, options, hops, view } = stream;
    this.#finished.set(recorder, { source: { ...source }, options, hops, ...(view && { view }) }); // nothing of the connection itself
  }

  #makeRoom(): void {
    const [finished] = this.#finished.keys();
    if (finished !== undefined) {
      this.#finished.delete(finished);
      this.#spare = finished.release() ?? this.#spare;
      return;
    }
    const [oldest] = this.#live;
    if (oldest === undefined) return;
    const [recorder, { point }] = oldest;
    this.#live.delete(recorder);
    detach(recorder, point);
    this.#spare = recorder.release() ?? this.#spare;
  }
}

function detach(recorder: Recorder, point: TracedStream["point"]): void {
  if (point.observer === recorder) point.observer = recorder.tap;
}

/** A line, and the place of its block among those of all recorders. */
interface ReplayedLine {
  readonly order: number;
  readonly line: string;
}

/** The moment that a replay has come to, as a clock whose timers never fire. */
class ReplayClock implements Clock {
  block = { epochMs: 0, order: 0 };
  epochMs(): number {
    return this.block.epochMs;
  }
  now(): number {
    return this.block.epochMs;
  }
  after(): Timer {
    return { cancel() {} };
  }
}

/** Gathers the lines of one stream. */
class Collector extends Subscriber {
  readonly lines: ReplayedLine[] = [];
  readonly #format: readonly LineWord[];
  readonly #clock: ReplayClock;

  constructor(format: readonly LineWord[], clock: ReplayClock) {
    super(new LineQueue(() => {}, clock), format);
    this.#format = format;
    this.#clock = clock;
  }

  override get full(): boolean {
    return false;
  }

  override show(event: RenderedEvent): void {
    this.lines.push({ order: this.#clock.block.order, line: event.line(this.#format) });
  }

  override skip(): void {} // it has room for everything
}

/** Shows what a recorder has kept as if it passed now, at the times when it passed. */
function replay(
  recorder: Recorder,
  { source, hops }: Recorded,
  view: View,
  format: readonly LineWord[],
  times: Times,
): ReplayedLine[] {
  const clock = new ReplayClock();
  const collector = new Collector(format, clock);
  let { client } = source;
  const shownSource = {
    ...source,
    get client() {
      return client;
    },
  };
  const tapOf = (): Tap => {
    const tap = new Tap(shownSource, hops, { clock, times, fault() {} });
    tap.add(view, collector);
    return tap;
  };
  let tap = tapOf();
  const show = (block: Block): void => {
    clock.block = block;
    if (source.isShared) client = block.client;
    tap.passed(block.direction, block.bytes, true);
    const bytes = block.length - block.bytes.length;
    if (bytes === 0) return;
    collector.show(new RenderedEvent({ kind: "skipped", source: shownSource, bytes }, block.epochMs, times));
    tap = tapOf(); // what follows does not go on where this block was cut
  };
  for (const block of recorder.blocks()) show(block);
  for (const direction of recorder.endedSides) tap.ended(direction);
  return collector.lines;
}
