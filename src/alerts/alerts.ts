import { listensOf } from "../core/config/listen.js";
import type { Settings } from "../core/config/settings.js";
import { type GatewayEvent, LINE_EVENTS } from "../core/events/gateway-event.js";
import { RateAlarm } from "../core/limits/rate-alarm.js";
import { formatSeconds } from "../core/parse/duration.js";
import { type AlertsStatus, alertOf } from "../core/status/alert.js";
import { EventBus } from "../events/event-bus.js";
import type { Log } from "../log/log.js";
import { epochMsOf, utcTime } from "../log/times.js";
import type { Names } from "../names/names.js";
import type { Clock } from "../system/clock.js";
import { AlertQueue } from "./alert-queue.js";
import { type LinkAlert, LinkAlerts } from "./link-alerts.js";

const MAX_REASON = 200; // characters; a reason may quote what a server has sent

/** An event about a line, without what all of them have in common. */
type LineEvent = Omit<GatewayEvent, "time" | "name" | "listener" | "remote"> & {
  readonly listener: number;
  readonly remote: string;
};

/**
 * Makes the events that need attention, and posts them to a webhook (`[alert]`), which is one subscriber of the bus. Its calls return at
 * once and never fail.
 */
export class Alerts {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #events: EventBus;
  readonly #queue: AlertQueue;
  /** Ends the subscription of `[alert]`, where that has a URL. */
  #unsubscribe: (() => void) | undefined;
  #perMinute = Number.POSITIVE_INFINITY;
  /** Names of configuration lines, by port; lines without a name have no entry. */
  #names = new Map<number, string>();
  /** Servers and devices whose last alert said that they are down, by listener and name: when that was, by the clock. */
  readonly #down = new Map<string, number>();
  /** By listener. */
  readonly #checksumAlarms = new Map<number, RateAlarm>();

  /** @param events gets the events */
  constructor(clock: Clock, log: Log, names: Pick<Names, "search">, events = new EventBus()) {
    this.#clock = clock;
    this.#log = log;
    this.#events = events;
    this.#queue = new AlertQueue(clock, log, names);
  }

  get status(): AlertsStatus {
    return this.#queue.status;
  }

  /** Obeys these settings from now on. */
  configure({ alertUrl, alertChecksums, direct, mux, tunnel }: Settings): void {
    const lines = [...direct, ...mux, ...tunnel];
    this.#names = new Map(
      lines.flatMap((line) =>
        listensOf(line).flatMap(({ port }) => (line.name === undefined ? [] : [[port, line.name]])),
      ),
    );
    this.#perMinute = alertChecksums;
    this.#queue.configure(alertUrl);
    if (alertUrl === "") this.#ignore();
    else this.#unsubscribe ??= this.#events.subscribe((event) => this.#post(event), LINE_EVENTS);
  }

  /**
   * A server cannot be reached. Repeated calls before {@link serverFound} make no further alert.
   *
   * @param listener the port of the daemon whose clients use the server
   * @param server `host:port`
   * @param why the error in words
   */
  serverDown(listener: number, server: string, why: string): void {
    this.#isDown("server", listener, server, why);
  }

  /** A server can be reached. Makes an alert only where the last one said that the server is down. Cheap. */
  serverFound(listener: number, server: string): void {
    this.#isBack("server", listener, server);
  }

  /** The device of a `[mux]` line cannot be reached: as {@link serverDown}. */
  deviceDown(listener: number, device: string, why: string): void {
    this.#isDown("device", listener, device, why);
  }

  /** The device of a `[mux]` line can be reached: as {@link serverFound}. */
  deviceFound(listener: number, device: string): void {
    this.#isBack("device", listener, device);
  }

  /**
   * Alerts about the link of a device of a `[tunnel]` line: that it is down, when it has not come back for a moment, and that it is back.
   *
   * @param listener the port that the device connects to
   */
  linkAlerts(listener: number): LinkAlerts {
    const send = (
      { device, server: remote }: LinkAlert,
      rest: Pick<GatewayEvent, "event" | "text" | "reason" | "downMs">,
    ): void => this.#send({ listener, remote, ...(device !== undefined && { device }), ...rest });
    return new LinkAlerts(this.#clock, {
      down: (link, why) => {
        const reason = why.slice(0, MAX_REASON);
        send(link, { event: "link-down", text: `the link of ${deviceText(link)} is down: ${reason}`, reason });
      },
      back: (link, downMs) => {
        const text = `the link of ${deviceText(link)} is back after ${formatSeconds(downMs)}`;
        send(link, { event: "link-back", text, downMs });
      },
    });
  }

  /** A connection of this listener has shown a wrong checksum. Makes an alert when there are too many in a minute. Cheap. */
  checksumError(listener: number, server: string): void {
    let alarm = this.#checksumAlarms.get(listener);
    if (alarm === undefined) {
      alarm = new RateAlarm();
      this.#checksumAlarms.set(listener, alarm);
    }
    const count = alarm.add(this.#perMinute, this.#clock.now());
    if (count === undefined) return;
    const text = `${count} wrong checksums in a minute on port ${listener}, the last one with ${server}`;
    this.#send({ event: "checksum-errors", listener, remote: server, text, count });
  }

  /** Tries all waiting alerts once, without a pause. Takes up to 5 s for each alert, so the caller limits the time. */
  drain(): Promise<void> {
    return this.#queue.drain();
  }

  /** Drops all waiting alerts and sends nothing more. */
  close(): void {
    this.#ignore();
    this.#queue.close();
  }

  #ignore(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #isDown(what: "server" | "device", listener: number, server: string, why: string): void {
    const name = `${listener} ${server}`;
    if (this.#down.has(name)) return;
    this.#down.set(name, this.#clock.now());
    const reason = why.slice(0, MAX_REASON);
    const text = `${what} ${server} is down: ${reason}`;
    this.#send({ event: `${what}-down`, listener, remote: server, text, reason });
  }

  #isBack(what: "server" | "device", listener: number, server: string): void {
    const name = `${listener} ${server}`;
    const since = this.#down.get(name);
    if (since === undefined) return;
    this.#down.delete(name);
    const downMs = Math.round(this.#clock.now() - since);
    const text = `${what} ${server} is back after ${formatSeconds(downMs)}`;
    this.#send({ event: `${what}-back`, listener, remote: server, text, downMs });
  }

  #send({ event, listener, remote, text, ...rest }: LineEvent): void {
    if (!this.#events.wants(event)) return;
    const time = utcTime(this.#clock.epochMs());
    const name = this.#names.get(listener);
    const line = name === undefined ? { listener } : { listener, name };
    const sentence = name === undefined ? text : `${name}: ${text}`;
    this.#events.publish({ event, time, ...line, remote, text: sentence, ...rest });
  }

  #post(event: GatewayEvent): void {
    const alert = alertOf(event, this.#log.times.iso(epochMsOf(event.time)));
    if (alert !== undefined) this.#queue.send(alert);
  }
}

function deviceText({ device, server }: LinkAlert): string {
  return device === undefined ? `device ${server}` : `device ${device} (${server})`;
}
