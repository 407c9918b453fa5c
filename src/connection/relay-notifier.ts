import type { ConnOptions } from "../core/options/conn-options.js";
import type { WayState } from "../core/upgrade/session-state.js";
import type { EventBus } from "../events/event-bus.js";
import { BusWay } from "../notify/bus-way.js";
import { ConnectionNotifier, type ConnectionNotifierContext } from "../notify/connection-notifier.js";
import type { NotificationWay, ToldConnection } from "../notify/notification-way.js";
import type { StreamEnd } from "../sockets/stream-end.js";
import type { ConnectionLog } from "./connection-log.js";

/** What telling needs of the daemon. */
export interface TellingContext extends ConnectionNotifierContext {
  /** The events of the daemon. */
  readonly events: EventBus;
}

/** The connection that is told of. */
export interface ToldRelay {
  readonly options: ConnOptions;
  readonly client: StreamEnd;
  readonly log: ConnectionLog;
  readonly context: TellingContext;
  readonly owner: { pluginNotified(): void; fault(error: unknown): void };
}

/**
 * Begins to tell of a connection.
 *
 * @param ways those that its options name; those who want all events come to them
 * @param former what has been told of the connection already; undefined: nothing, it begins
 */
export function beginNotifier(
  ways: readonly NotificationWay[],
  told: ToldConnection,
  { options, client, log, context, owner }: ToldRelay,
  former: readonly WayState[] | undefined,
): ConnectionNotifier {
  const { events } = context;
  const all = events.wantsConnections ? [...ways, new BusWay(events)] : ways;
  return new ConnectionNotifier(
    all,
    told,
    options,
    client,
    context,
    {
      warn: (text) => log.warn(text),
      debug: (text) => log.debug(text),
      done: () => owner.pluginNotified(),
      fault: (error) => owner.fault(error),
    },
    former,
  );
}

/** The notifier of a connection, if any, that tells from now on those who want all events, or that does so no more. */
export function notifierForBus(
  notifier: ConnectionNotifier | undefined,
  told: ToldConnection,
  relay: ToldRelay,
): ConnectionNotifier | undefined {
  const { events, clock } = relay.context;
  const way = new BusWay(events);
  if (!events.wantsConnections) return notifier?.removeWays(way.target) ? notifier : undefined;
  if (notifier === undefined) return beginNotifier([], told, relay, []);
  notifier.addWay(way, told, relay.options, clock);
  return notifier;
}
