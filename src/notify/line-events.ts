import { listensOf } from "../core/config/listen.js";
import type { Settings } from "../core/config/settings.js";
import { type GatewayEvent, LINE_EVENTS } from "../core/events/gateway-event.js";
import { PendingEvents } from "../core/notify/pending-events.js";
import type { ConnOptions } from "../core/options/conn-options.js";
import type { EventBus } from "../events/event-bus.js";
import type { Clock } from "../system/clock.js";
import { NotificationScheduler } from "./notification-scheduler.js";
import type { NotificationWay, WayMaker } from "./notification-way.js";

/** Most events of one line that wait on one way; with a server that is away for long, the newest matter. */
const MAX_WAITING = 100;

/** What line events need of the daemon. */
export interface LineEventsContext {
  readonly clock: Clock;
  readonly events: EventBus;
  fault(error: unknown): void;
}

/** Tells what lines lead to, such as a device that is down, on the ways that their options name. */
export class LineEvents {
  readonly #context: LineEventsContext;
  /** The ways of each line, by its ports. */
  #lines = new Map<number, readonly NotificationScheduler[]>();
  #unsubscribe: (() => void) | undefined;

  constructor(context: LineEventsContext) {
    this.#context = context;
  }

  /** Obeys these settings from now on. What waits is given up where its way is no longer wanted. @param makers the kinds of ways that there are */
  configure({ direct, mux, tunnel }: Settings, makers: readonly WayMaker[]): void {
    const lines = [...direct, ...mux, ...tunnel];
    const before = this.#lines;
    this.#lines = new Map();
    for (const line of lines) {
      const ports = listensOf(line).map(({ port }) => port);
      const [port = 0] = ports;
      const known = before.get(port) ?? [];
      const schedulers = waysOfLine(line.route.options, line.name ?? String(port), port, makers).map(
        (way) => known.find((one) => one.way.target === way.target) ?? this.#schedulerOf(way),
      );
      if (schedulers.length > 0) for (const each of ports) this.#lines.set(each, schedulers);
    }
    const kept = new Set([...this.#lines.values()].flat());
    for (const scheduler of [...before.values()].flat()) if (!kept.has(scheduler)) scheduler.giveUp();
    if (this.#lines.size === 0) this.close();
    else this.#unsubscribe ??= this.#context.events.subscribe((event) => this.#tell(event), LINE_EVENTS);
  }

  /** Tells nothing more. */
  close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    for (const scheduler of [...this.#lines.values()].flat()) scheduler.giveUp();
    this.#lines.clear();
  }

  #tell(event: GatewayEvent): void {
    for (const scheduler of this.#lines.get(event.listener ?? 0) ?? []) scheduler.happened(event);
  }

  #schedulerOf(way: NotificationWay): NotificationScheduler {
    const { clock, fault } = this.#context;
    const nothing = { sent() {}, answered() {}, done() {}, fault };
    return new NotificationScheduler(way, new PendingEvents(undefined, MAX_WAITING), 0, clock, nothing);
  }
}

/** The ways of a line, under its name. The Luup engine is not told of lines: it has no action for that. */
function waysOfLine(
  { notify: _, ...options }: ConnOptions,
  pid: string,
  listener: number,
  makers: readonly WayMaker[],
): NotificationWay[] {
  const line = { pid, name: pid, listener, remote: "", client: "", receivedBytes: 0 };
  return makers.flatMap((make) => make(options, line) ?? []);
}
