import { listensOf } from "../core/config/listen.js";
import type { Settings } from "../core/config/settings.js";
import { RateAlarm } from "../core/limits/sliding-minute.js";
import type { Alert, AlertsStatus } from "../core/status/alert.js";
import type { Log } from "../log/log.js";
import type { Clock } from "../system/clock.js";
import { Webhook } from "./webhook.js";

const MAX_REASON = 200;

/** Tells other programs what somebody should look at (`[alert]`). None of its calls ever waits, or fails. */
export class Alerts {
  readonly #clock: Clock;
  readonly #webhook: Webhook;
  #perMinute = Number.POSITIVE_INFINITY;
  /** The names of the configuration lines that have one, by port. */
  #names = new Map<number, string>();
  /** Servers that were last told to be down, and when that was by the clock. */
  readonly #down = new Map<string, number>();
  /** Wrong checksums, by listener. */
  readonly #checksums = new Map<number, RateAlarm>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#webhook = new Webhook(clock, log);
  }

  get status(): AlertsStatus {
    return this.#webhook.status;
  }

  /** Works by these settings from now on. */
  configure({ alertUrl, alertChecksums, direct, mux, tunnel }: Settings): void {
    const lines = [...direct, ...mux, ...tunnel];
    this.#names = new Map(
      lines.flatMap((line) =>
        listensOf(line).flatMap(({ port }) => (line.name === undefined ? [] : [[port, line.name]])),
      ),
    );
    this.#perMinute = alertChecksums;
    this.#webhook.configure(alertUrl);
  }

  /**
   * A server cannot be reached; said again before it is back, it is not told again.
   *
   * @param listener its port
   * @param server `host:port`
   * @param why in words
   */
  serverDown(listener: number, server: string, why: string): void {
    const name = `${listener} ${server}`;
    if (this.#down.has(name)) return;
    this.#down.set(name, this.#clock.now());
    const reason = why.slice(0, MAX_REASON);
    this.#send({ event: "server-down", listener, server, text: `server ${server} is down: ${reason}`, reason });
  }

  /** A server can be reached: one that was told to be down is told to be back, though its line was gone meanwhile. Cheap. */
  serverFound(listener: number, server: string): void {
    const name = `${listener} ${server}`;
    const since = this.#down.get(name);
    if (since === undefined) return;
    this.#down.delete(name);
    const downMs = Math.round(this.#clock.now() - since);
    const text = `server ${server} is back after ${(downMs / 1000).toFixed(1)} s`;
    this.#send({ event: "server-back", listener, server, text, downMs });
  }

  /** A wrong checksum was seen on a connection of this listener, which is told when there are too many. Cheap. */
  checksumError(listener: number, server: string): void {
    let excess = this.#checksums.get(listener);
    if (excess === undefined) {
      excess = new RateAlarm();
      this.#checksums.set(listener, excess);
    }
    const count = excess.add(this.#perMinute, this.#clock.now());
    if (count === undefined) return;
    const text = `${count} wrong checksums in a minute on port ${listener}, the last one with ${server}`;
    this.#send({ event: "checksum-errors", listener, server, text, count });
  }

  /** Has what waits sent at once, as far as that is possible. Takes 5 s at most for each alert: limit it. */
  drain(): Promise<void> {
    return this.#webhook.drain();
  }

  /** Sends nothing any more. */
  close(): void {
    this.#webhook.close();
  }

  #send({ event, listener, server, text, ...rest }: Omit<Alert, "time" | "name">): void {
    const time = new Date(this.#clock.epochMs()).toISOString();
    const name = this.#names.get(listener);
    const line = name === undefined ? { listener } : { listener, name };
    this.#webhook.send({ event, time, ...line, server, text: name === undefined ? text : `${name}: ${text}`, ...rest });
  }
}
