import { resolve } from "node:path";
import { LogThrottle } from "../core/limits/log-throttle.js";
import type { ByteEvent } from "../core/monitor/byte-event.js";
import type { Hops } from "../core/monitor/hops.js";
import type { MonitorStatus } from "../core/monitor/monitor-status.js";
import type { ConnectionEvent, TraceSource } from "../core/monitor/trace-event.js";
import type { View } from "../core/monitor/view.js";
import { hexView } from "../core/monitor/views/hex-view.js";
import { findView } from "../core/monitor/views/views.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import { faultText } from "../core/parse/text.js";
import { matchesFilter, type WatchFilter } from "../core/setup/watch-request.js";
import type { WriteText } from "../log/line-writer.js";
import type { Log } from "../log/log.js";
import { RotatingFile } from "../log/rotating-file.js";
import { Rounds } from "../scheduling/rounds.js";
import { untilIdle } from "../scheduling/until-idle.js";
import type { ObservedPoint } from "../sockets/byte-observer.js";
import type { Clock } from "../system/clock.js";
import { LineQueue } from "./line-queue.js";
import { Recorder } from "./recorder.js";
import { Recordings, type ReplayRequest } from "./recordings.js";
import { RenderedEvent, Subscriber } from "./subscriber.js";
import { Tap } from "./tap.js";
import type { TracedStream } from "./traced-stream.js";

/** A reader outside of the daemon: a client (WTCH), or the web page. */
export interface Watcher {
  readonly filter: WatchFilter;
  /** The view for streams whose own options name none. */
  readonly view?: View;
  /** It wants bytes (BYTE). */
  readonly bytes?: true;
  readonly subscriber: Subscriber;
}

/** The receiver of alerts about wrong checksums. */
export interface ChecksumAlerts {
  /** @param server the server of the message's connection, `host:port` */
  checksumError(listener: number, server: string): void;
}

/** What a monitor needs of the daemon. */
export interface MonitorContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: ChecksumAlerts;
  /** All streams that exist now. */
  streams(): Iterable<TracedStream>;
  /** Shows a text on the console. */
  readonly console: WriteText;
}

/** The settings of a monitor. */
export interface MonitorSettings {
  /** Largest size of a file (MONL), in bytes, and how many older ones are kept. */
  readonly auditSize: number;
  readonly auditFiles: number;
  /** Where alerts go; empty: nowhere, so no checksum is verified for them. */
  readonly alertUrl: string;
}

const MAX_WATCHERS = 64; // a watcher that does not read costs about 200 KiB; every message costs time for each watcher

/** Shows messages to their subscribers: to the console and audit files where options ask for it, and to watchers. */
export class Monitor {
  readonly #context: MonitorContext;
  readonly #console: LineQueue;
  readonly #files = new Map<string, { readonly file: RotatingFile; readonly queue: LineQueue }>();
  readonly #watchers = new Set<Watcher>();
  /** Adds watchers to streams, and removes them: with thousands of streams that takes a while. */
  readonly #rounds: Rounds;
  /** The last messages of streams, while somebody may want to see them later. */
  #recordings: Recordings | undefined;
  #settings: MonitorSettings;
  readonly #writeErrors = new LogThrottle();

  constructor(context: MonitorContext, settings: MonitorSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#rounds = new Rounds({ late() {}, caughtUp() {} });
    this.#console = this.#queue("stdout", context.console);
  }

  /** The monitor as STAT JSON shows it. */
  get status(): MonitorStatus {
    return {
      watchers: this.#watchers.size,
      notShown: {
        console: this.#console.lost,
        ...Object.fromEntries([...this.#files].map(([path, { queue }]) => [path, queue.lost])),
      },
    };
  }

  /** Replaces the settings, and opens audit files anew. */
  configure(settings: MonitorSettings): void {
    this.#settings = settings;
    this.reopen();
  }

  /** Whether messages under these options may have a subscriber. Mostly they have none: ask before composing a text. */
  wants({ monitor }: ConnOptions): boolean {
    return monitor !== undefined || this.#watchers.size > 0;
  }

  /** Whether streams under these options may have an observer: tell {@link addStream} of them. */
  observes(options: ConnOptions): boolean {
    return this.#recordings !== undefined || this.wants(options);
  }

  /** Keeps the last messages of streams from now on, or no longer. */
  record(wanted: boolean): void {
    if (wanted === (this.#recordings !== undefined)) return;
    this.#recordings?.close();
    this.#recordings = undefined;
    if (!wanted) return;
    const recordings = new Recordings(this.#context.clock, this.#context.log.times);
    this.#recordings = recordings;
    this.#rounds.begin(this.#context.streams(), (stream) => {
      if (this.#recordings === recordings) recordings.add(stream);
    });
  }

  /** The last messages that a watcher would have seen, as lines; none unless they are kept ({@link record}). */
  lastLines(
    { filter, view }: Pick<Watcher, "filter" | "view">,
    format: ReplayRequest["format"],
    count: number,
  ): string[] {
    const viewOf: ReplayRequest["viewOf"] = (stream) => withLineEnd(watchedView(stream, view), stream.options);
    return this.#recordings?.lines({ filter, format, count, viewOf }) ?? [];
  }

  /** A stream has begun: shows it to its subscribers. */
  addStream(stream: TracedStream): void {
    this.#recordings?.add(stream);
    const view = configuredView(stream);
    if (view !== undefined)
      for (const subscriber of this.#configured(stream.options)) this.#attach(stream, view, subscriber);
    for (const watcher of this.#watchers) this.#watch(watcher, stream, false);
  }

  /** Shows what has happened to a connection to the subscribers of its messages. */
  showConnectionEvent(source: TraceSource, options: ConnOptions, event: ConnectionEvent, text: string): void {
    const { clock, log } = this.#context;
    const rendered = new RenderedEvent({ kind: "connection", source, event, text }, clock.epochMs(), log.times);
    const watching = [...this.#watchers]
      .filter(({ filter }) => matchesFilter(filter, source))
      .map(({ subscriber }) => subscriber);
    for (const subscriber of [...(options.monitor === undefined ? [] : this.#configured(options)), ...watching]) {
      if (subscriber.full) subscriber.skip();
      else subscriber.show(rendered);
    }
  }

  /** Why no further watcher is admitted; undefined while there is room. */
  get denialReason(): string | undefined {
    return this.#watchers.size < MAX_WATCHERS ? undefined : `${MAX_WATCHERS} are watching already`;
  }

  /** Shows streams to this watcher: those that exist, and those to come. */
  addWatcher(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.#rounds.begin(this.#context.streams(), (stream) => {
      if (this.#watchers.has(watcher)) this.#watch(watcher, stream, true);
    });
  }

  removeWatcher(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#rounds.begin(this.#context.streams(), ({ point }) => {
      const tap = tapAt(point);
      tap?.remove(watcher.subscriber);
      if (tap?.idle === true) setTap(point, undefined);
    });
  }

  /** Opens audit files anew by their names. */
  reopen(): void {
    for (const { file } of this.#files.values()) file.close();
  }

  /** Waits until every line has been written, half a second at most. */
  flush(): Promise<void> {
    const files = [...this.#files.values()].map(({ queue }) => queue);
    return untilIdle([this.#console, ...files], this.#context.clock);
  }

  /** The subscribers that MONI, MONF and MONL ask for. */
  #configured({ monitorFormat, monitorFile }: ConnOptions): Subscriber[] {
    const subscribers = [new Subscriber(this.#console, monitorFormat)];
    if (monitorFile === undefined) return subscribers;
    subscribers.push(new Subscriber(this.#file(resolve(monitorFile)), ["audit", ...monitorFormat]));
    return subscribers;
  }

  /** @param joined whether the stream was there before the watcher */
  #watch(watcher: Watcher, stream: TracedStream, joined: boolean): void {
    if (!matchesFilter(watcher.filter, stream.source)) return;
    const view = watchedView(stream, watcher.view);
    if (watcher.bytes) this.#tapOf(stream).addBytes(watcher.subscriber, openingOf(stream, view, joined));
    else this.#attach(stream, view, watcher.subscriber);
  }

  #attach(stream: TracedStream, view: View, subscriber: Subscriber): void {
    this.#tapOf(stream).add(withLineEnd(view, stream.options), subscriber);
  }

  /** The tap of a stream, put there where there is none. */
  #tapOf({ point, source, hops }: TracedStream): Tap {
    const known = tapAt(point);
    if (known !== undefined) return known;
    const tap = this.#createTap(source, hops);
    setTap(point, tap);
    return tap;
  }

  #createTap(source: TraceSource, hops: Hops): Tap {
    const { clock, log, alerts } = this.#context;
    return new Tap(source, hops, {
      clock,
      times: log.times,
      ...(this.#settings.alertUrl !== "" && {
        onBadChecksum: ({ listener, server }) => alerts.checksumError(listener, server),
      }),
      fault: (error) => log.error(`[${source.connection}] monitor: ${faultText(error)}`),
    });
  }

  /** A queue of lines for the console or a file. The log tells when it cannot be written. */
  #queue(name: string, write: WriteText): LineQueue {
    const { clock, log } = this.#context;
    const logged: WriteText = (text, done) =>
      write(text, (error) => {
        const more = error ? this.#writeErrors.mention(name, clock.now()) : undefined;
        if (more !== undefined) log.warn(`messages cannot be written to ${name}: ${error?.message}${more}`);
        done(error);
      });
    return new LineQueue(logged, clock, undefined, log.times);
  }

  #file(path: string): LineQueue {
    const known = this.#files.get(path);
    if (known !== undefined) return known.queue;
    const file = new RotatingFile(path, () => ({ size: this.#settings.auditSize, files: this.#settings.auditFiles }));
    const queue = this.#queue(path, file.write);
    this.#files.set(path, { file, queue });
    return queue;
  }
}

function tapAt({ observer }: ObservedPoint): Tap | undefined {
  const tap = observer instanceof Recorder ? observer.tap : observer;
  return tap instanceof Tap ? tap : undefined;
}

/** What a watcher of bytes is told first of a stream. */
function openingOf({ source, options: { lineEnd }, facts }: TracedStream, view: View, joined: boolean): ByteEvent {
  const { transport, from, to, protocol } = facts?.() ?? {
    transport: "tcp",
    from: source.client ?? "",
    to: source.server,
  };
  const more = { ...(protocol !== undefined && { protocol }), ...(lineEnd !== undefined && { lineEnd }) };
  return { kind: "open", joined, view: view.name, transport, from, to, ...more };
}

/** Puts a tap where it sees what passes: behind the recorder, where there is one. */
function setTap(point: ObservedPoint, tap: Tap | undefined): void {
  const { observer } = point;
  if (!(observer instanceof Recorder)) {
    point.observer = tap;
    return;
  }
  observer.tap = tap;
  point.observer = observer; // the point asks again whether long chunks may come
}

type Viewed = Pick<TracedStream, "options" | "view">;

function configuredView({ options }: Viewed): View | undefined {
  return options.monitor === undefined ? undefined : findView(options.monitor);
}

/** The view in which a watcher sees a stream. @param wanted the watcher's own, for streams whose options name none */
function watchedView(stream: Viewed, wanted: View | undefined): View {
  return configuredView(stream) ?? wanted ?? stream.view ?? hexView;
}

function withLineEnd(view: View, { lineEnd }: ConnOptions): View {
  return lineEnd === undefined ? view : (view.withLineEnd?.(lineEnd) ?? view);
}
