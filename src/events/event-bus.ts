import { CONNECTION_EVENTS, EVENT_NAMES, type EventName, type GatewayEvent } from "../core/events/gateway-event.js";

/** Takes events. It returns at once, and never throws. */
export type EventSubscriber = (event: GatewayEvent) => void;

/**
 * The events of the daemon. Whoever has one to tell asks first whether somebody wants it: without a subscriber nothing is made. An event
 * reaches its subscribers before {@link publish} returns.
 */
export class EventBus {
  readonly #subscribers = new Map<EventSubscriber, ReadonlySet<EventName>>();
  #wanted: ReadonlySet<EventName> = new Set();
  /** Called when anybody wants events of connections, after nobody did, and the other way round. */
  connectionsChanged = (): void => {};

  /** Whether anybody wants any event. */
  get wanted(): boolean {
    return this.#wanted.size > 0;
  }

  /** Whether anybody wants events of connections. */
  get wantsConnections(): boolean {
    return CONNECTION_EVENTS.some((name) => this.#wanted.has(name));
  }

  /** Whether anybody wants events of this name. */
  wants(name: EventName): boolean {
    return this.#wanted.has(name);
  }

  /** Tells an event to all who want it. */
  publish(event: GatewayEvent): void {
    for (const [subscriber, names] of this.#subscribers) if (names.has(event.event)) subscriber(event);
  }

  /**
   * Begins to tell events.
   *
   * @param names those that it wants
   * @returns ends that
   */
  subscribe(subscriber: EventSubscriber, names: readonly EventName[] = EVENT_NAMES): () => void {
    const own: EventSubscriber = (event) => subscriber(event); // the same function may subscribe twice
    this.#subscribers.set(own, new Set(names));
    this.#count();
    return () => {
      if (this.#subscribers.delete(own)) this.#count();
    };
  }

  #count(): void {
    const before = this.wantsConnections;
    this.#wanted = new Set([...this.#subscribers.values()].flatMap((names) => [...names]));
    if (this.wantsConnections !== before) this.connectionsChanged();
  }
}
