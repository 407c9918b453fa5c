import { resolve } from "node:path";
import type { Alerts } from "../alerts/alerts.js";
import { LogThrottle } from "../core/limits/log-throttle.js";
import type { MonitorStatus } from "../core/monitor/monitor-status.js";
import type { Occasion, Source } from "../core/monitor/trace-event.js";
import type { View } from "../core/monitor/view.js";
import { hex } from "../core/monitor/views/hex-view.js";
import { findView } from "../core/monitor/views/views.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import { faultText } from "../core/parse/text.js";
import { matchesFilter, type WatchFilter } from "../core/setup/watch-request.js";
import type { WriteText } from "../log/line-writer.js";
import type { Log } from "../log/log.js";
import { Rounds } from "../scheduling/rounds.js";
import { untilIdle } from "../scheduling/until-idle.js";
import type { ObservedPoint } from "../sockets/byte-observer.js";
import type { Clock } from "../system/clock.js";
import { AuditFile, type AuditLimits } from "./audit-file.js";
import { LineQueue } from "./line-queue.js";
import { RenderedEvent, Subscriber } from "./subscriber.js";
import { type Places, Tap } from "./tap.js";

/** A stream of messages that can be looked at. */
export interface Stream {
  readonly source: Source;
  /** What its line says about being monitored. */
  readonly options: ConnOptions;
  /** The view that fits what is known of it; nothing: its bytes. */
  readonly view?: View;
  readonly places: Places;
  readonly point: ObservedPoint;
}

/** Somebody who watches from elsewhere (WTCH). */
export interface Watcher {
  readonly filter: WatchFilter;
  /** The view for streams whose own lines say none. */
  readonly view?: View;
  readonly subscriber: Subscriber;
}

/** What a monitor needs of the daemon. */
export interface MonitorContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Pick<Alerts, "checksumError">;
  /** All that can be looked at now. */
  streams(): Iterable<Stream>;
  /** Shows a text on the console. */
  readonly console: WriteText;
}

/** What a monitor works by. */
export interface MonitorSettings extends AuditLimits {
  /** Where alerts go; empty: nowhere, so that checksums need not be looked at for them. */
  readonly alertUrl: string;
}

const MAX_WATCHERS = 64; // each that does not read costs some 200 KiB, and every message some time

/** Who sees which messages: the console and audit files, where lines ask for it; watchers, where they want to. */
export class Monitor {
  readonly #context: MonitorContext;
  readonly #console: LineQueue;
  readonly #files = new Map<string, { readonly file: AuditFile; readonly queue: LineQueue }>();
  readonly #watchers = new Set<Watcher>();
  /** Those who come and go: with thousands of streams that takes a while. */
  readonly #rounds: Rounds;
  #settings: MonitorSettings;
  readonly #mentioned = new LogThrottle();

  constructor(context: MonitorContext, settings: MonitorSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#rounds = new Rounds({ late() {}, caughtUp() {} });
    this.#console = this.#queue("stdout", context.console);
  }

  /** What STAT tells of it. */
  get status(): MonitorStatus {
    return {
      watchers: this.#watchers.size,
      notShown: {
        console: this.#console.lost,
        ...Object.fromEntries([...this.#files].map(([path, { queue }]) => [path, queue.lost])),
      },
    };
  }

  /** Works by other settings from now on. */
  configure(settings: MonitorSettings): void {
    this.#settings = settings;
    this.reopen();
  }

  /** Whether anybody may want to see messages under these options: ask before making up what to tell, since mostly nobody does. */
  sees({ monitor }: ConnOptions): boolean {
    return monitor !== undefined || this.#watchers.size > 0;
  }

  /** Looks at a stream that begins, if somebody wants to see it. */
  begin(stream: Stream): void {
    const view = configuredView(stream);
    if (view !== undefined)
      for (const subscriber of this.#configured(stream.options)) this.#attach(stream, view, subscriber);
    for (const watcher of this.#watchers) this.#watch(watcher, stream);
  }

  /** Tells what has become of a connection to whoever sees its messages. */
  tell(source: Source, options: ConnOptions, occasion: Occasion, text: string): void {
    const telling = new RenderedEvent({ source, occasion, text }, this.#context.clock.epochMs());
    const watching = [...this.#watchers]
      .filter(({ filter }) => matchesFilter(filter, source))
      .map(({ subscriber }) => subscriber);
    for (const subscriber of [...(options.monitor === undefined ? [] : this.#configured(options)), ...watching]) {
      if (subscriber.full) subscriber.skip();
      else subscriber.show(telling);
    }
  }

  /** Why nobody more can watch; nothing while somebody can. */
  get denialReason(): string | undefined {
    return this.#watchers.size < MAX_WATCHERS ? undefined : `${MAX_WATCHERS} are watching already`;
  }

  /** Shows messages to one more, of the streams that are there and of those to come. */
  join(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.#rounds.begin(this.#context.streams(), (stream) => {
      if (this.#watchers.has(watcher)) this.#watch(watcher, stream);
    });
  }

  leave(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    this.#rounds.begin(this.#context.streams(), ({ point }) => {
      const tap = tapAt(point);
      tap?.remove(watcher.subscriber);
      if (tap?.idle === true) point.observer = undefined;
    });
  }

  /** Opens audit files anew by their names. */
  reopen(): void {
    for (const { file } of this.#files.values()) file.close();
  }

  /** Waits until everything is written, half a second at most. */
  flush(): Promise<void> {
    const files = [...this.#files.values()].map(({ queue }) => queue);
    return untilIdle([this.#console, ...files], this.#context.clock);
  }

  /** The outlets that a line asks for. */
  #configured({ monitorFormat, monitorFile }: ConnOptions): Subscriber[] {
    const subscribers = [new Subscriber(this.#console, monitorFormat)];
    if (monitorFile !== undefined) subscribers.push(new Subscriber(this.#file(resolve(monitorFile)), monitorFormat));
    return subscribers;
  }

  #watch(watcher: Watcher, stream: Stream): void {
    if (!matchesFilter(watcher.filter, stream.source)) return;
    this.#attach(stream, configuredView(stream) ?? watcher.view ?? stream.view ?? hex, watcher.subscriber);
  }

  #attach({ point, source, places }: Stream, view: View, subscriber: Subscriber): void {
    const { clock, log, alerts } = this.#context;
    let tap = tapAt(point);
    if (tap === undefined) {
      tap = new Tap(source, places, {
        clock,
        ...(this.#settings.alertUrl !== "" && {
          onFault: ({ listener, server }) => alerts.checksumError(listener, server),
        }),
        fault: (error) => log.error(`[${source.connection}] monitor: ${faultText(error)}`),
      });
      point.observer = tap;
    }
    tap.add(view, subscriber);
  }

  /** A queue of lines for this place, of whose faults the log is told. */
  #queue(name: string, write: WriteText): LineQueue {
    const { clock, log } = this.#context;
    const watched: WriteText = (text, done) =>
      write(text, (error) => {
        const more = error ? this.#mentioned.mention(name, clock.now()) : undefined;
        if (more !== undefined) log.warn(`messages cannot be written to ${name}: ${error?.message}${more}`);
        done(error);
      });
    return new LineQueue(watched, clock);
  }

  #file(path: string): LineQueue {
    const known = this.#files.get(path);
    if (known !== undefined) return known.queue;
    const file = new AuditFile(path, () => this.#settings);
    const queue = this.#queue(path, file.write);
    this.#files.set(path, { file, queue });
    return queue;
  }
}

function tapAt({ observer }: ObservedPoint): Tap | undefined {
  return observer instanceof Tap ? observer : undefined;
}

function configuredView({ options }: Stream): View | undefined {
  return options.monitor === undefined ? undefined : findView(options.monitor);
}
