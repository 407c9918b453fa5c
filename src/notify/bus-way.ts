import type { EventBus } from "../events/event-bus.js";
import type { Delivery, NotificationWay } from "./notification-way.js";

/** A connection that talks all the time is told of so often: a reader of all connections need not know of each packet. */
const LEAST_PACE_MS = 100;

/** Tells what happens to one connection to all who want the events of the daemon. There are none in its status: they are told at once. */
export class BusWay implements NotificationWay {
  readonly target = "";
  readonly request = "event";
  readonly description = "events";
  readonly tellsAll = true;
  readonly leastPaceMs = LEAST_PACE_MS;
  readonly #events: Pick<EventBus, "publish" | "wants">;

  constructor(events: Pick<EventBus, "publish" | "wants">) {
    this.#events = events;
  }

  get tellsData(): boolean {
    return this.#events.wants("data");
  }

  send(delivery: Delivery): void {
    const { event } = delivery;
    delivery.sent();
    if (event !== undefined) this.#events.publish(event);
    delivery.answered({ outcome: "delivered", wasSent: true, text: "delivered" }, false);
  }

  cancel(): void {}
}
